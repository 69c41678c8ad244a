"""Commands of `flask`: known by name, imported with the program when one of them runs.

Building the program takes seconds; `flask --help` and a refused setting should not.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, cast

import click
from flask import Flask
from flask.cli import AppGroup, FlaskGroup
from flask.ctx import AppContext

from marketplace.config import PLUGIN_ENTRY_POINTS, Settings, StartError, load_settings
from marketplace.embedded.server import EmbeddedPostgresError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from marketplace.plugins import Plugin

HELP = "--help"


@dataclass(frozen=True)
class Place:
    """The place of one of our commands, and its line in `flask --help`."""

    module: str
    attribute: str
    help: str
    checks_settings: bool = True


# Repeated here, so that listing five names does not import all domains; a test compares the two.
BUILT_IN = {
    "accounts": Place("marketplace.blueprints.accounts.cli", "commands", "Manage accounts."),
    "catalog": Place("marketplace.blueprints.catalog.cli", "commands", "Manage categories and cities."),
    "db": Place("flask_migrate.cli", "db", "Perform database migrations."),
    "demo": Place("marketplace.blueprints.demo.cli", "commands", "A market to try things out."),
    "doctor": Place(
        "marketplace.doctor.cli",
        "doctor",
        "Look at everything that a server needs, and say what to do.",
        checks_settings=False,
    ),
    "performers": Place(
        "marketplace.blueprints.directory.cli",
        "cli",
        "Performers and what lists of them are read from.",
    ),
    "plugin": Place("marketplace.scaffold.cli", "commands", "Begin a plugin."),
    "worker": Place(
        "marketplace.blueprints.operations.cli",
        "worker",
        "Run background work until SIGTERM or Ctrl-C, which let the jobs at hand finish.",
    ),
}


class LateCommand(click.Command):
    """A command that is imported when it is called, after the settings were found valid."""

    def __init__(self, name: str, place: Place, check_settings: Callable[[], object]) -> None:
        super().__init__(name, help=place.help)
        self._place = place
        self._check_settings = check_settings

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the real command, which click runs from then on."""
        if HELP not in args and self._place.checks_settings:
            self._check_settings()
        command: click.Command = getattr(import_module(self._place.module), self._place.attribute)
        return command.make_context(info_name, args, parent, **extra)


class Commands(AppGroup):
    """Our commands, without importing them, and those of the plugins that are installed."""

    def __init__(self, check_settings: Callable[[], object]) -> None:
        super().__init__()
        self._check_settings = check_settings

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*BUILT_IN, *self._installed, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name; None when there is none."""
        if name in BUILT_IN:
            return LateCommand(name, BUILT_IN[name], self._check_settings)
        return self._installed.get(name) or super().get_command(ctx, name)

    @cached_property
    def _installed(self) -> dict[str, click.Command]:
        if not entry_points(group=PLUGIN_ENTRY_POINTS):
            return {}
        with one_line():
            found: list[Plugin] = import_module("marketplace.plugins").load_installed()
        return {command.name or "": command for plugin in found for command in plugin.commands}


@contextmanager
def one_line() -> Iterator[None]:
    """Print in one line why the program cannot start; exit 1."""
    try:
        yield
    except (StartError, EmbeddedPostgresError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


class CommandLine(Flask):
    """Stands in for the program until a command runs: names and help do not build it."""

    def __init__(self) -> None:
        super().__init__("marketplace", static_folder=None)
        self.cli = Commands(lambda: self.settings)

    @cached_property
    def settings(self) -> Settings:
        """The settings, read once."""
        with one_line():
            return load_settings()

    @cached_property
    def program(self) -> Flask:
        """The real program."""
        settings = self.settings
        with one_line():
            program: Flask = import_module("marketplace.app").create_app(settings)
            return program

    def app_context(self) -> AppContext:
        """The program's, for commands; none while Flask looks for a command's name, and an empty one for a
        group that only passes on to the help of a command.
        """
        context = click.get_current_context(silent=True)
        command = context.command if context else None
        if isinstance(command, FlaskGroup):
            nothing: AbstractContextManager[None] = nullcontext()
            return cast("AppContext", nothing)  # Flask only enters and leaves it
        if isinstance(command, click.Group) and HELP in sys.argv:
            return super().app_context()
        return self.program.app_context()

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        """For `flask run`."""
        return self.program(environ, start_response)
