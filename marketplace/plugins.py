"""The Plugin contract, the list of built-in plugins, and their loader."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
from flask import Blueprint

from marketplace.config import PLUGIN_ENTRY_POINTS, StartError
from marketplace.kernel.errors import AppError
from marketplace.kernel.events import Handler
from marketplace.kernel.registry import Job
from marketplace.realtime.namespace import BaseNamespace
from marketplace.web.blueprint import VERSIONS, VersionedBlueprint
from marketplace.web.runtime import Runtime

BUILT_IN = (
    "operations",
    "media",
    "moderation",
    "accounts",
    "privacy",
    "catalog",
    "offers",
    "banners",
    "performers",
    "certificates",
    "portfolio",
    "availability",
    "calendars",
    "orders",
    "series",
    "disputes",
    "feeds",
    "reviews",
    "waitlist",
    "chat",
    "reliability",
    "directory",
    "onboarding",
    "notifications",
    "demo",
)


class PluginError(StartError):
    """A plugin that cannot be loaded; the message is one line that names it."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """The contribution of a domain to the program.

    `provides` says by class how its services are built; they are built on first use, in any
    order. `gives` are contributions that other domains take: each kind is a frozen dataclass that the domain
    which takes it declares (`ModeratedSubject`, `Reportable`, `ExportSection`, ...). `handlers` and `jobs`
    are made by functions of the runtime. `root` are plain blueprints outside the API versions. `constraints`
    gives names of database constraints their errors. `migrations` is a folder of Alembic versions whose
    branch label is the plugin's name. `locales` is a folder of catalogs that translate its sentences.
    """

    name: str
    requires: tuple[str, ...] = ()
    blueprints: tuple[VersionedBlueprint, ...] = ()
    root: tuple[Blueprint, ...] = ()
    provides: Mapping[type[Any], Callable[[Runtime], Any]] = field(default_factory=dict)
    gives: tuple[object, ...] = ()
    namespaces: Callable[[Runtime], Sequence[BaseNamespace]] | None = None
    handlers: Callable[[Runtime], Iterable[Handler]] | None = None
    jobs: Callable[[Runtime], Iterable[Job]] | None = None
    commands: tuple[click.Command, ...] = ()
    constraints: Mapping[str, type[AppError]] = field(default_factory=dict)
    migrations: Path | None = None
    locales: Path | None = None


def load_plugins() -> list[Plugin]:
    """Our own domains and the installed plugins, each after what it requires. Raises PluginError."""
    modules = [import_module(f"marketplace.blueprints.{name}.plugin") for name in BUILT_IN]
    found = [_checked(module.PLUGIN, name) for name, module in zip(BUILT_IN, modules, strict=True)]
    return in_order([*found, *load_installed()])


def load_installed() -> list[Plugin]:
    """The plugins of installed packages. Raises PluginError."""
    found = []
    for entry in entry_points(group=PLUGIN_ENTRY_POINTS):
        try:
            loaded = entry.load()
        except (ImportError, AttributeError) as error:
            raise PluginError(f"plugin {entry.name!r} cannot be imported: {error}") from error
        found.append(_checked(loaded, entry.name))
    return found


def _checked(candidate: object, origin: str) -> Plugin:
    if not isinstance(candidate, Plugin):
        raise PluginError(f"plugin {origin!r} is not a marketplace.plugins.Plugin")
    return candidate


def in_order(plugins: Sequence[Plugin]) -> list[Plugin]:
    """Sorted so that each comes after what it requires, otherwise as given.

    Raises PluginError for a name that is taken (also of contributions, and of services that two provide), a
    requirement that is missing or circular, and an API version that does not exist, each by name.
    """
    by_name: dict[str, Plugin] = {}
    for plugin in plugins:
        if plugin.name in by_name:
            raise PluginError(f"two plugins are named {plugin.name!r}")
        by_name[plugin.name] = plugin
        for blueprint in plugin.blueprints:
            for version in blueprint.used_versions:
                if version not in VERSIONS:
                    raise PluginError(
                        f"plugin {plugin.name!r} has routes for the unknown API version {version!r}"
                    )
    _check_names(plugins)
    ordered: list[Plugin] = []
    done: set[str] = set()

    def visit(plugin: Plugin, path: tuple[str, ...]) -> None:
        if plugin.name in done:
            return
        if plugin.name in path:
            raise PluginError("plugins require each other in a circle: " + " -> ".join((*path, plugin.name)))
        for name in plugin.requires:
            if name not in by_name:
                raise PluginError(f"plugin {plugin.name!r} requires {name!r}, which is not installed")
            visit(by_name[name], (*path, plugin.name))
        done.add(plugin.name)
        ordered.append(plugin)

    for plugin in plugins:
        visit(plugin, ())
    return ordered


def _check_names(plugins: Sequence[Plugin]) -> None:
    givers: dict[tuple[type[Any], object], str] = {}
    for plugin in plugins:
        named = [(type(one), getattr(one, "name", None)) for one in plugin.gives]
        for key in [*((kind, kind.__name__) for kind in plugin.provides), *named]:
            kind, name = key
            if name is None:
                continue
            if key in givers:
                raise PluginError(
                    f"{kind.__name__} {name!r} comes twice, from plugins {givers[key]!r} and {plugin.name!r}"
                )
            givers[key] = plugin.name
