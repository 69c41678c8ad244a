"""The command that begins a plugin."""

import shlex
from pathlib import Path

import click

from marketplace.plugins import PluginError
from marketplace.scaffold.generator import write_plugin
from marketplace.scaffold.names import NameRefused, check_name

NEXT = """
Now, in the folder of the marketplace:
  make packages-dev
  .venv/bin/pip install --no-deps --no-build-isolation -e . -e {folder}
  .venv/bin/flask db upgrade
  .venv/bin/pytest {folder}
docs/plugins.md explains each part.
"""


@click.group("plugin")
def commands() -> None:
    """Begin a plugin."""


@commands.command("new")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to make marketplace-NAME in. Default: the current one.",
)
def new(name: str, into: Path) -> None:
    """Begin the plugin NAME: a package with a table, routes, an event, a moderated field and tests.

    It needs no database, and overwrites nothing.
    """
    folder = into / f"marketplace-{name}"
    try:
        check_name(name)
        files = write_plugin(name, folder)
    except (NameRefused, PluginError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or folder}: {error.strerror or error}") from error
    for path in files:
        click.echo(f"  {folder / path}")
    click.echo(NEXT.format(folder=shlex.quote(str(folder))))
