"""Public files: the domain that owns a folder tells which of its files everybody may see."""

from collections.abc import Iterable

from marketplace.outside.ports import PublicFolder
from marketplace.outside.private_files import FOLDER as PRIVATE_FOLDER


class PublicFiles:
    """All files of a folder that no domain gives are public as soon as they are stored."""

    def __init__(self, folders: Iterable[PublicFolder]) -> None:
        self._folders = {folder.name: folder for folder in folders}

    def is_public(self, key: str) -> bool:
        """Whether everybody may see the file."""
        name = key.partition("/")[0]
        folder = self._folders.get(name)
        return name != PRIVATE_FOLDER and (folder is None or folder.is_shown(key))
