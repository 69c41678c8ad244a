"""Builds the services of the demo."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.demo.adapters import password_hasher
from marketplace.blueprints.demo.data.logins import PASSWORD
from marketplace.blueprints.demo.repositories import SqlMarketRepository
from marketplace.blueprints.demo.services.logins import LoginService
from marketplace.blueprints.demo.services.resetting import ResetService
from marketplace.blueprints.demo.services.seeding import SeedingService
from marketplace.web.caching import topics
from marketplace.web.caching.topics import CacheDrop
from marketplace.web.pages.contributions import DemoLogin
from marketplace.web.runtime import Runtime, runtime

DEVICE = "flask demo"


@dataclass(frozen=True)
class Demo:
    """The services of the demo."""

    seeding: SeedingService
    logins: LoginService
    resetting: ResetService


def build(parts: Runtime) -> Demo:
    """Wire the services to their adapters."""
    rows = SqlMarketRepository(parts.uow)
    cached = sorted({one.topic for one in parts.given(CacheDrop)})
    is_production = parts.settings.is_production

    def forget() -> None:
        for topic in cached:
            topics.drop(topic)

    def open_session(user_id: int) -> str:
        return accounts.open_session(parts, user_id, DEVICE)

    return Demo(
        seeding=SeedingService(
            parts.uow,
            rows,
            parts.clock,
            password_hasher(parts.settings),
            forget,
            is_production=is_production,
        ),
        logins=LoginService(parts.uow, rows, open_session, is_production=is_production),
        resetting=ResetService(parts.uow, rows, forget, is_production=is_production),
    )


def demo() -> Demo:
    """The services of the current application."""
    return runtime().get(Demo)


def find_logins() -> tuple[DemoLogin, ...]:
    """The log-ins that are there, for the home page."""
    return tuple(DemoLogin(one.role, one.username, PASSWORD) for one in demo().logins.list_present())
