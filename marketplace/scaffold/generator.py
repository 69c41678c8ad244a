"""Writes the files of a new plugin from the templates beside this module."""

import shutil
from pathlib import Path
from string import Template

from alembic.script import ScriptDirectory

from marketplace.database.engine import MIGRATIONS
from marketplace.scaffold.names import NameRefused

TEMPLATE = Path(__file__).parent / "template"
SUFFIX = ".tmpl"


def newest_revision() -> str:
    """The newest migration of the program, which those of a new plugin build upon."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def files_of(name: str) -> dict[Path, str]:
    """The content of each file of the plugin `name`, by its path within the plugin's folder."""
    words = {"name": name, "title": name.capitalize(), "head": newest_revision()}
    return {
        _place(path, name): Template(path.read_text(encoding="utf-8")).substitute(words)
        for path in sorted(TEMPLATE.rglob(f"*{SUFFIX}"))
    }


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Make `folder` with the files of the plugin; the paths within it. Nothing is overwritten, and a folder
    that cannot be filled is removed again.

    Raises NameRefused when there is something of that name, OSError.
    """
    files = files_of(name)
    try:
        folder.mkdir()
    except FileExistsError:
        raise NameRefused(f"{folder} exists already: move it away, or choose another name") from None
    try:
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return list(files)


def _place(path: Path, name: str) -> Path:
    within = str(path.relative_to(TEMPLATE)).removesuffix(SUFFIX)
    return Path(within.replace("NAME", name))
