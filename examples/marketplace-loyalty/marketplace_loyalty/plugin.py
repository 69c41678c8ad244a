"""What the plugin adds to the program."""

from collections.abc import Iterable
from pathlib import Path

from marketplace.blueprints.accounts.contracts import UserRegistered
from marketplace.kernel.events import Handler
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.kernel.statistics import Counter
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime, late, runtime
from marketplace_loyalty.cli import commands
from marketplace_loyalty.repositories import SqlLoyaltyRepository
from marketplace_loyalty.routes import blp
from marketplace_loyalty.services import LoyaltyService


def build(parts: Runtime) -> LoyaltyService:
    """Build the service."""
    return LoyaltyService(parts.uow, SqlLoyaltyRepository(parts.uow))


def loyalty() -> LoyaltyService:
    """The service of the current application."""
    return runtime().get(LoyaltyService)


def handlers(parts: Runtime) -> Iterable[Handler]:
    """Whoever signs up gets points, after the commit."""
    service = parts.get(LoyaltyService)

    def welcome(event: UserRegistered) -> None:
        service.welcome(event.user_id)

    return [Handler(UserRegistered, welcome, key="loyalty.welcome")]


PLUGIN = Plugin(
    name="loyalty",
    requires=("accounts",),
    blueprints=(blp,),
    provides={LoyaltyService: build},
    gives=(
        ExportSection("loyalty", late(lambda: loyalty().export)),
        Erasure("loyalty", late(lambda: loyalty().forget)),
        Counter("loyalty_accounts", late(lambda: loyalty().count_opened)),
    ),
    handlers=handlers,
    commands=(commands,),
    migrations=Path(__file__).parent / "migrations",
    locales=Path(__file__).parent / "locales",
)
