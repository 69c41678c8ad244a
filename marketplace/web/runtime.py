"""The parts of one running program, kept on the Flask app and built by `create_app`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, Protocol, TypeVar

from flask import current_app

from marketplace.config import Settings, StartError
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.clock import Clock
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.identity import AccessClaims, Principal
from marketplace.kernel.registry import Registry
from marketplace.outside.wiring import Outside

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


class Authenticator(Protocol):
    """Finds the caller of an access token in the database."""

    def read(self, token: str) -> AccessClaims:
        """The claims of a token, checked by its signature and date alone. Raises Unauthenticated."""
        ...

    def recognise(self, claims: AccessClaims) -> Principal:
        """The caller with current rights. Raises Unauthenticated when the token has expired
        since, its session has ended or its user is blocked.
        """
        ...

    def authenticate(self, token: str) -> Principal:
        """`read` and `recognise` in one call."""
        ...

    def expires_at(self, token: str) -> datetime:
        """When a valid access token expires."""
        ...

    def witness(self, caller: Principal, what: str) -> None:
        """Write to the audit log that an admin does `what` as the user."""
        ...

    def alive(self, session_ids: set[int]) -> set[int]:
        """The sessions among these that are still valid; one query."""
        ...


class ServicesMissing(StartError):
    """Services that no plugin provides; the message names them."""


class ContributionUnknown(StartError):
    """A contribution of a plugin that nobody takes; the message shows it."""


class CircularServices(StartError):
    """Services that need each other to be built; the message names them."""


@dataclass
class Runtime:
    """The parts that every domain's wiring builds upon, the services that the domains build of them, and the
    contributions that domains give each other.
    """

    settings: Settings
    uow: SqlUnitOfWork
    clock: Clock
    cursors: CursorSigner
    registry: Registry
    provides: Mapping[type[Any], Callable[["Runtime"], Any]] = field(default_factory=dict)
    """Functions that build services, by the class of the services."""
    contributions: Sequence[object] = ()
    """The contributions of the plugins, in their order."""
    readiness: dict[str, Callable[[], str | None]] = field(default_factory=dict)
    services: dict[type[Any], Any] = field(default_factory=dict)
    _under_way: list[type[Any]] = field(default_factory=list)
    _asked: set[type[Any]] = field(default_factory=set)

    def get(self, kind: type[S]) -> S:
        """The services that a plugin provides as `kind`, built on first use. One thread gets all at start.

        Raises ServicesMissing when its plugin is not loaded, CircularServices.
        """
        if kind not in self.services:
            names = " -> ".join(one.__name__ for one in (*self._under_way, kind))
            if kind not in self.provides:
                raise ServicesMissing(f"no plugin provides {kind.__name__}: {names}")
            if kind in self._under_way:
                raise CircularServices(f"services need each other to be built: {names}")
            self._under_way.append(kind)
            try:
                self.services[kind] = self.provides[kind](self)
            finally:
                self._under_way.pop()
        found: S = self.services[kind]
        return found

    def given(self, kind: type[S]) -> tuple[S, ...]:
        """All contributions of a kind, in the order of the plugins."""
        self._asked.add(kind)
        return tuple(one for one in self.contributions if type(one) is kind)

    def check_contributions(self) -> None:
        """Raises ContributionUnknown for a contribution that nobody has taken: it would do nothing, and an
        erasure that does nothing leaves data behind.
        """
        for one in self.contributions:
            if type(one) not in self._asked:
                raise ContributionUnknown(f"no domain takes what a plugin gives: {one!r}")

    @property
    def outside(self) -> Outside:
        """Mail, text messages, files, pictures and documents."""
        return self.get(Outside)

    @property
    def authenticator(self) -> Authenticator:
        """The part that recognises callers."""
        return self.get(Authenticator)  # type: ignore[type-abstract]  # only a key; the domain accounts provides it


def runtime() -> Runtime:
    """The runtime of the current application."""
    found = current_app.extensions["marketplace"]
    assert isinstance(found, Runtime)
    return found


def late(find: Callable[[], Callable[P, R]]) -> Callable[P, R]:
    """A function that looks up its target in the running program when it is called: contributions of plugins
    are declared before any service is built.
    """

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return find()(*args, **kwargs)

    return call
