"""The plugin's command."""

import click
from flask.cli import AppGroup

from marketplace.kernel.errors import NotFound
from marketplace.web.runtime import runtime
from marketplace_loyalty.services import LoyaltyService

commands = AppGroup("loyalty", help="Loyalty points.")


@commands.command("show")
@click.argument("username")
def show(username: str) -> None:
    """Print the points of a user."""
    try:
        points = runtime().get(LoyaltyService).of_username(username)
    except NotFound as error:
        raise click.ClickException(f"{username} has no account") from error
    click.echo(f"{username}: {points} points")
