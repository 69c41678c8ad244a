"""Which stored files everybody may see: a domain says of its folder which of them are shown."""

from collections.abc import Callable

from marketplace.blueprints.integrations.private_files import FOLDER as PRIVATE_FOLDER

IsShown = Callable[[str], bool]
"""By key, in a transaction of its own."""


class PublicFiles:
    """A folder that nobody has registered is shown whole: what its domain stores there is public at once."""

    def __init__(self) -> None:
        self._folders: dict[str, IsShown] = {}

    def register(self, folder: str, is_shown: IsShown) -> None:
        """Raises ValueError for a folder that is taken."""
        if folder in self._folders:
            raise ValueError(f"the folder {folder!r} is registered twice")
        self._folders[folder] = is_shown

    def is_public(self, key: str) -> bool:
        """Whether everybody may see the file."""
        folder = key.partition("/")[0]
        shown = self._folders.get(folder)
        return folder != PRIVATE_FOLDER and (shown is None or shown(key))
