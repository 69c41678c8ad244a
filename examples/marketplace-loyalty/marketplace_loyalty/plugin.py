"""What the plugin adds to the program."""

from collections.abc import Iterable
from pathlib import Path

from marketplace.blueprints.accounts.public import UserRegistered
from marketplace.kernel.events import Handler
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime
from marketplace_loyalty.cli import commands
from marketplace_loyalty.repositories import SqlLoyaltyRepository
from marketplace_loyalty.routes import blp
from marketplace_loyalty.services import LoyaltyService


def setup(runtime: Runtime) -> None:
    """Build the service."""
    runtime.provide(LoyaltyService(runtime.uow, SqlLoyaltyRepository(runtime.uow)))


def handlers(runtime: Runtime) -> Iterable[Handler]:
    """Whoever signs up gets points, after the commit."""
    service = runtime.get(LoyaltyService)

    def welcome(event: UserRegistered) -> None:
        service.welcome(event.user_id)

    return [Handler(UserRegistered, welcome, key="loyalty.welcome")]


PLUGIN = Plugin(
    name="loyalty",
    requires=("accounts",),
    blueprints=(blp,),
    setup=setup,
    handlers=handlers,
    commands=(commands,),
    migrations=Path(__file__).parent / "migrations",
)
