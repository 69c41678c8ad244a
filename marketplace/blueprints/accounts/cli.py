"""Commands of accounts."""

from collections.abc import Mapping, Sequence

import click
from flask.cli import AppGroup
from marshmallow import ValidationError

from marketplace.blueprints.accounts.schemas import NewAdmin
from marketplace.blueprints.accounts.wiring import accounts
from marketplace.kernel.errors import AppError

commands = AppGroup("accounts", help="Manage accounts.")


@commands.command("create-admin")
@click.option("--username", required=True)
@click.option("--email", required=True)
@click.option("--password", required=True, prompt=True, hide_input=True, confirmation_prompt=True)
def create_admin(username: str, email: str, password: str) -> None:
    """Create an admin."""
    given = {"username": username, "email": email, "password": password}
    try:
        values = NewAdmin().load(given)
        user_id = accounts().registration.create_admin(**values)
    except ValidationError as error:
        raise click.ClickException(_said(error.messages_dict)) from error
    except AppError as error:
        raise click.ClickException(
            _said(error.data.get("errors", {}).get("json", {}), error.title)
        ) from error
    click.echo(f"Created admin {values['username']} (id {user_id}).")


@commands.command("reset-second-factor")
@click.option("--username", required=True)
def reset_second_factor(username: str) -> None:
    """Remove the second factor of somebody who lost it, and end all sessions of theirs."""
    try:
        accounts().factors.reset(username)
    except AppError as error:
        raise click.ClickException(f"{username}: {error.detail}") from error
    click.echo(f"{username} has no second factor any more.")


def _said(reasons: Mapping[str, Sequence[str]], title: str = "") -> str:
    """What is wrong, in one line, by option."""
    parts = [f"--{name}: {' '.join(texts)}" for name, texts in reasons.items()]
    return " ".join([f"{title}."] * bool(title) + parts)
