"""Commands of the demo."""

from time import monotonic

import click
from flask.cli import AppGroup

from marketplace.blueprints.operations.demo.seeding import PASSWORD, DemoRefused, seed_demo
from marketplace.web.runtime import runtime

commands = AppGroup("demo", help="A market to try things out.")


@commands.command("seed")
@click.option("--performers", type=click.IntRange(1, 5_000_000), default=1_000, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--force", is_flag=True, help="Also where there are users already.")
def seed(*, performers: int, seed: int, force: bool) -> None:
    """Add performers with services, orders and reviews, and half as many customers.

    The same --seed gives the same market on an empty database; its times count back from today.
    """
    parts = runtime()
    started = monotonic()

    def progress(done: int) -> None:
        seconds = monotonic() - started
        click.echo(
            f"\r{done:,} of {performers:,} performers, {seconds:.1f} s", nl=done >= performers, err=True
        )

    def finishing() -> None:
        click.echo(f"Filling the lists ... {monotonic() - started:.1f} s", err=True)

    try:
        stored = seed_demo(
            parts.uow,
            parts.settings,
            parts.clock,
            performers=performers,
            seed=seed,
            force=force,
            progress=progress,
            finishing=finishing,
        )
    except DemoRefused as refused:
        raise click.ClickException(str(refused)) from refused
    for table, count in stored.rows.items():
        click.echo(f"{count:>12,} {table}")
    click.echo(
        f"Log in as {stored.customer} (customer) or {stored.performer} (performer), password {PASSWORD}"
    )
