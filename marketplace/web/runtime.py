"""What one running program is made of; kept on the Flask app, built by `create_app`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from flask import current_app

from marketplace.config import Settings
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.clock import Clock
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.identity import AccessClaims, Principal
from marketplace.kernel.registry import Registry

S = TypeVar("S")


class Authenticator(Protocol):
    """Turns an access token into its caller, by the database."""

    def read(self, token: str) -> AccessClaims:
        """Whom a token names, by its signature and date alone. Raises Unauthenticated."""
        ...

    def recognise(self, claims: AccessClaims) -> Principal:
        """The caller with the rights of this moment. Raises Unauthenticated when the token has expired
        since, its session has ended or its user is blocked.
        """
        ...

    def authenticate(self, token: str) -> Principal:
        """Both at once."""
        ...

    def expires_at(self, token: str) -> datetime:
        """When a valid access token ends."""
        ...

    def witness(self, caller: Principal, what: str) -> None:
        """Write to the audit log that an admin does `what` as the user."""
        ...

    def alive(self, session_ids: set[int]) -> set[int]:
        """Those of the sessions that still let their user in; one query."""
        ...


@dataclass
class Runtime:
    """The parts that every domain's wiring builds upon, and what the domains built."""

    settings: Settings
    uow: SqlUnitOfWork
    clock: Clock
    cursors: CursorSigner
    registry: Registry
    authenticator: Authenticator | None = None
    services: dict[type[Any], Any] = field(default_factory=dict)
    readiness: dict[str, Callable[[], str | None]] = field(default_factory=dict)

    def provide(self, built: object) -> None:
        """Keep what a domain's wiring built, to be found again by its class."""
        self.services[type(built)] = built

    def get(self, kind: type[S]) -> S:
        """What was provided as `kind`. Raises KeyError when its plugin is not loaded."""
        found = self.services[kind]
        assert isinstance(found, kind)
        return found


def runtime() -> Runtime:
    """The runtime of the current application."""
    found = current_app.extensions["marketplace"]
    assert isinstance(found, Runtime)
    return found
