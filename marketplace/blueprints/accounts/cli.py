"""Commands of accounts."""

import click
from flask.cli import AppGroup

from marketplace.blueprints.accounts.wiring import accounts
from marketplace.kernel.errors import AppError
from marketplace.web.fields import Email, Username

commands = AppGroup("accounts", help="Manage accounts.")


@commands.command("create-admin")
@click.option("--username", required=True)
@click.option("--email", required=True)
@click.option("--password", required=True, prompt=True, hide_input=True, confirmation_prompt=True)
def create_admin(username: str, email: str, password: str) -> None:
    """Create an admin."""
    try:
        user_id = accounts().registration.create_admin(
            Username().deserialize(username), Email().deserialize(email), password
        )
    except AppError as error:
        reasons = error.data.get("errors", {}).get("json", {}).get("password", [])
        raise click.ClickException(" ".join([error.title + ".", *reasons])) from error
    click.echo(f"Created admin {username} (id {user_id}).")
