"""Commands of the demo."""

import json
from time import monotonic

import click
from flask.cli import AppGroup

from marketplace.blueprints.demo.adapters import Answering, who_answers
from marketplace.blueprints.demo.data.logins import PASSWORD
from marketplace.blueprints.demo.errors import DemoRefused
from marketplace.blueprints.demo.services.logins import SignedIn
from marketplace.blueprints.demo.wiring import demo
from marketplace.config import Settings
from marketplace.web.runtime import runtime

commands = AppGroup("demo", help="A market to try things out.")
TRIES = {
    "customer": "/orders",
    "performer": "/performers/me",
    "moderator": "/admin/performers?status=pending",
    "admin": "/admin/users",
}
"""What each role may look at first."""


@commands.command("seed")
@click.option("--performers", type=click.IntRange(1, 5_000_000), default=1_000, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--force", is_flag=True, help="Also where there are users already.")
@click.option("--once", is_flag=True, help="Where the demo is there already, only tell its log-ins.")
def seed(*, performers: int, seed: int, force: bool, once: bool) -> None:
    """Add performers with services, orders and reviews, and half as many customers.

    The same --seed gives the same market on an empty database; its times count back from today. Among them
    are a customer, a performer, a moderator and an admin to log in as; they are told with access tokens.
    """
    started = monotonic()

    def progress(done: int) -> None:
        seconds = monotonic() - started
        click.echo(
            f"\r{done:,} of {performers:,} performers, {seconds:.1f} s", nl=done >= performers, err=True
        )

    def finishing() -> None:
        click.echo(f"Filling the lists ... {monotonic() - started:.1f} s", err=True)

    try:
        if not once or not demo().logins.list_present():
            stored = demo().seeding.seed(
                performers=performers,
                seed=seed,
                force=force,
                progress=progress,
                finishing=finishing,
            )
            for table, count in stored.items():
                click.echo(f"{count:>12,} {table}")
        tell(demo().logins.sign_in(), runtime().settings)
    except DemoRefused as refused:
        raise click.ClickException(str(refused)) from refused


@commands.command("logins")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def logins(*, as_json: bool) -> None:
    """Tell the log-ins of the demo, each with an access token."""
    try:
        found = demo().logins.sign_in()
    except DemoRefused as refused:
        raise click.ClickException(str(refused)) from refused
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found], indent=2))
    elif found:
        tell(found, runtime().settings)
    else:
        raise click.ClickException("There is no demo: run `make demo`.")


@commands.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(*, yes: bool) -> None:
    """Remove the demo with everything that grew around it: all users with their orders, chats and reviews.

    Only categories and cities stay, and ids begin at 1 again.
    """
    try:
        found = demo().resetting.count_users()
        click.echo(
            f"This removes all {found.demo:,} users of the demo and {found.others:,} others, with their"
            " orders, chats and reviews. Only categories and cities stay."
        )
        if not yes:
            click.confirm("Remove them?", abort=True)
        demo().resetting.reset()
    except DemoRefused as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo("Done. `make demo` makes a new market.")


def tell(found: list[SignedIn], settings: Settings) -> None:
    """Print the log-ins with lines for a shell, and whether a server answers them."""
    if not found:
        return
    base = f"{settings.local_url}/api/v1"
    click.echo(f"\nLog in with one of these and the password {PASSWORD}, or paste a line:\n")
    for one in found:
        click.echo(f"{one.login.role}: {one.login.username} or {one.login.email}")
        click.echo(f"  curl '{base}{TRIES[one.login.role]}' -H 'Authorization: Bearer {one.access_token}'\n")
    minutes = settings.access_token_seconds // 60
    click.echo(f"The tokens hold for {minutes} minutes; `make demo` tells new ones.")
    answering = who_answers(settings.local_url, found[0].access_token)
    if answering is Answering.NOBODY:
        click.echo(f"No server answers at {settings.local_url} yet: `make run` starts it.")
    elif answering is Answering.STRANGER:
        click.echo(f"At {settings.local_url} another server answers, which does not know these tokens.")


def _as_json(one: SignedIn) -> dict[str, str]:
    return {
        "role": one.login.role,
        "username": one.login.username,
        "email": one.login.email,
        "password": PASSWORD,
        "access_token": one.access_token,
    }
