"""The names that a new plugin may have."""

import keyword
import re
from importlib.util import find_spec

from marketplace.plugins import Plugin, load_plugins

NAME = re.compile(r"[a-z][a-z0-9]{1,19}", re.ASCII)
"""It becomes a part of a package, of addresses and of names in the database, which end at 63 bytes."""


_CLASSES = {"any", "page", "schema"}
"""With a capital letter these are names of classes that the files of a new plugin import."""


class NameRefused(Exception):
    """A name that a plugin cannot have; the message says why and what to do."""


def check_name(name: str) -> None:
    """Raises NameRefused, and PluginError when the plugins that are there cannot be loaded."""
    if not NAME.fullmatch(name) or {name, name.capitalize()} & {*keyword.kwlist}:
        raise NameRefused(
            f"{name!r} cannot be the name of a plugin: take 2 to 20 small letters a-z and digits, a letter "
            "first, such as 'guarantees', and no word of Python"
        )
    if name in _CLASSES:
        raise NameRefused(
            f"{name.capitalize()!r} stands for something else in the files; choose another name"
        )
    package = package_of(name)
    if find_spec(package) is not None:
        raise NameRefused(f"{name!r} is taken: there is a Python package {package!r}; choose another name")
    for plugin in load_plugins():
        if name in taken_by(plugin):
            raise NameRefused(f"{name!r} is taken by the plugin {plugin.name!r}; choose another name")


def package_of(name: str) -> str:
    """The Python package of a plugin."""
    return f"marketplace_{name}"


def taken_by(plugin: Plugin) -> set[str]:
    """The names that a plugin uses for itself, for what it gives, and as the first part of its addresses."""
    given = {getattr(one, "name", "") for one in plugin.gives}
    paths = {path.split("/")[1] for blueprint in plugin.blueprints for path in blueprint.paths}
    return {plugin.name} | given | paths
