"""The command that rebuilds the listings of all performers."""

import click
from flask.cli import AppGroup

from marketplace.blueprints.directory.wiring import directory

cli = AppGroup("performers", help="Performers and what lists of them are read from.")


@cli.command("reindex")
def reindex() -> None:
    """List every performer anew, and change what differs.

    The database keeps the listings itself; this is for after a restore of single tables, or a change made
    with triggers switched off. Safe beside a running program: a batch holds its rows for a moment.
    """
    directory().listings.rebuild(lambda last: click.echo(f"performer {last:,}", err=True))
    directory().listings.prune_words()
    click.echo("All performers and services are listed as they are.")
