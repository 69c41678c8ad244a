"""Who may call a route: markers that every view carries, enforced in one place before the view."""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from marketplace.kernel.errors import AppError, Forbidden, Unauthenticated
from marketplace.kernel.identity import NotWhileActing, Principal
from marketplace.web.parsing import refuse_undeclared
from marketplace.web.runtime import runtime

F = TypeVar("F", bound=Callable[..., Any])

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
RECENT_LOGIN = timedelta(minutes=15)
"""How long a log-in counts as recent (ASVS 7.5.1: identity is proven again before sensitive changes)."""


class Access(StrEnum):
    """The levels of access, from nobody in particular to admins."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    VERIFIED = "verified"
    PERFORMER = "performer"
    STAFF = "staff"
    ADMIN = "admin"


class NotVerified(Forbidden):
    code = "not_verified"
    title = "Confirm your e-mail address or phone number first"


class PerformerNeeded(Forbidden):
    code = "performer_needed"
    title = "Only performers may do this"


class SecondFactorNeeded(Forbidden):
    code = "second_factor_needed"
    title = "Staff needs a second factor: set it up at POST /user/me/totp"


class RecentLoginNeeded(Forbidden):
    code = "recent_login_needed"
    title = "Log in again, then repeat this"


class StaffNeeded(Forbidden):
    code = "staff_needed"
    title = "Only staff may do this"


def _marker(access: Access) -> Callable[[F], F]:
    def mark(view: F) -> F:
        view.access = access  # type: ignore[attr-defined]  # functions carry attributes; wraps() hands them on
        return view

    return mark


public = _marker(Access.PUBLIC)
signed_in = _marker(Access.SIGNED_IN)
verified = _marker(Access.VERIFIED)
performer = _marker(Access.PERFORMER)
staff = _marker(Access.STAFF)
admin = _marker(Access.ADMIN)


def recent(view: F) -> F:
    """Want a log-in of the last RECENT_LOGIN: for what a thief of an unlocked device must not do."""
    view.recent = True  # type: ignore[attr-defined]  # functions carry attributes
    return view


def personal(view: F) -> F:
    """A read that is for the user's own eyes: an admin who acts as the user may not."""
    view.personal = True  # type: ignore[attr-defined]  # functions carry attributes
    return view


def while_acting(view: F) -> F:
    """A write that an admin who acts as the user may do; all others are refused."""
    view.while_acting = True  # type: ignore[attr-defined]  # functions carry attributes
    return view


def access_of(view: Callable[..., Any]) -> Access | None:
    """The marker of a view function, None when it has none."""
    return getattr(view, "access", None)


def current_principal() -> Principal:
    """The caller. Raises Unauthenticated on a public route that was called without a token."""
    found = optional_principal()
    if found is None:
        raise Unauthenticated
    return found


def optional_principal() -> Principal | None:
    """The caller of a public route, when there is one."""
    found: Principal | None = g.get("principal")
    return found


def check(access: Access, caller: Principal | None) -> None:
    """Raises Unauthenticated or Forbidden when `caller` may not enter at this level."""
    if access is Access.PUBLIC:
        return
    if caller is None:
        raise Unauthenticated("Send Authorization: Bearer <access token>")
    if access is Access.SIGNED_IN:
        return
    if access in {Access.STAFF, Access.ADMIN}:
        if not (caller.is_admin if access is Access.ADMIN else caller.is_staff):
            raise StaffNeeded("Only admins may do this" if access is Access.ADMIN else "")
        if runtime().settings.is_production and not caller.second_factor:
            raise SecondFactorNeeded
        return
    if not caller.verified:
        raise NotVerified
    if access is Access.PERFORMER and caller.performer_id is None:
        raise PerformerNeeded


def identify() -> None:
    """Find out who is calling; a bad token is remembered, so that limits are counted before it is refused."""
    # An application context may outlive a request (in tests and scripts), and `g` with it.
    g.auth_error = g.principal = g.etag_version = None
    header = request.headers.get("Authorization")
    if header is None or request.method == "OPTIONS":
        return
    scheme, _, token = header.partition(" ")
    try:
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("Send Authorization: Bearer <access token>")
        authenticator = runtime().authenticator
        assert authenticator is not None
        g.principal = authenticator.authenticate(token.strip())
    except AppError as error:
        g.auth_error = error


def enforce() -> Response | None:
    """Refuse a bad token, and a caller that the route's marker does not let in."""
    if request.endpoint is None or request.routing_exception is not None or request.method == "OPTIONS":
        return None
    access = access_of(current_app.view_functions[request.endpoint])
    if access is None:
        # create_app refuses to start with such a view; this is the second lock on the same door.
        raise Unauthenticated
    if g.auth_error is not None:
        raise g.auth_error
    view = current_app.view_functions[request.endpoint]
    caller = optional_principal()
    check(access, caller)
    if caller is not None and access is not Access.PUBLIC:
        _check_session(view, caller)
    refuse_undeclared(request, getattr(view, "locations", ()))
    return None


def _check_session(view: Callable[..., Any], caller: Principal) -> None:
    """What kind of sign-in a route wants. What an admin does as a user is written down before it is done."""
    current = runtime()
    if caller.acting_admin_id is not None:
        allowed = (
            not getattr(view, "personal", False)
            if request.method in SAFE_METHODS
            else getattr(view, "while_acting", False)
        )
        if not allowed:
            raise NotWhileActing
        assert current.authenticator is not None
        current.authenticator.witness(caller, f"{request.method} {request.path}")
    if getattr(view, "recent", False) and (
        caller.signed_in_at is None or current.clock.now() - caller.signed_in_at > RECENT_LOGIN
    ):
        raise RecentLoginNeeded


def require_markers(app: Flask) -> None:
    """Raises RuntimeError naming the views that declare no access."""
    missing = [name for name, view in app.view_functions.items() if access_of(view) is None]
    if missing:
        raise RuntimeError("these views declare no access marker: " + ", ".join(sorted(missing)))
