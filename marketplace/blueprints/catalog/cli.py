"""Commands of the catalog."""

from time import monotonic

import click
from flask.cli import AppGroup

from marketplace.blueprints.catalog.wiring import catalog

commands = AppGroup("catalog", help="Manage categories and cities.")


@commands.command("load")
@click.option("--if-changed", is_flag=True, help="Do nothing when the shipped data is loaded already.")
def load(*, if_changed: bool) -> None:
    """Load the shipped categories and cities.

    Can be repeated: what staff has edited stays as it is, all else follows the shipped data.
    """
    started = monotonic()
    written = catalog().reference.load(if_changed=if_changed)
    if written is None:
        click.echo("The reference data is up to date.")
        return
    categories, cities = written
    click.echo(f"Wrote {categories} categories and {cities} cities in {monotonic() - started:.1f} s.")
