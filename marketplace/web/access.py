"""Access markers: every view says who may call it, and one place enforces it before the view.

Before a body is read, only the signature and date of a token are checked: they decide whose budget is spent,
and whose body is refused unread. Rights are read from the database once the body has arrived (decision 0022).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, current_app, g, has_request_context, request

from marketplace.kernel.errors import AppError, Conflict, Forbidden, Unauthenticated, Unavailable
from marketplace.kernel.identity import AccessClaims, NotWhileActing, Principal
from marketplace.web.hardened.undeclared import refuse_undeclared
from marketplace.web.runtime import Authenticator, runtime

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
    """The account has neither a confirmed e-mail address nor a confirmed phone number, and this call
    needs one.
    """

    code = "not_verified"
    title = "Confirm your e-mail address or phone number first"
    remedy = (
        "Let the user confirm an address: the code is in the mail of the sign-up, and POST /user/otp/send "
        "sends one to a phone."
    )


class PerformerNeeded(Forbidden):
    """The caller has no performer profile, and this call is for performers."""

    code = "performer_needed"
    title = "Only performers may do this"
    remedy = "Let the user become a performer at POST /performers first."


class SecondFactorNeeded(Forbidden):
    """A member of staff without a second factor calls something that is for staff."""

    code = "second_factor_needed"
    title = "Staff needs a second factor: set it up at POST /user/me/totp"
    remedy = "Set up a second factor at POST /user/me/totp, confirm it, and log in again with its code."


class RecentLoginNeeded(Forbidden):
    """The call changes something sensitive, and the last log-in of this session is too old for it."""

    code = "recent_login_needed"
    title = "Log in again, then repeat this"
    remedy = "Ask the user to log in again, and repeat the call with the new token."


class RightsChanged(Conflict):
    """The caller's rights were changed while the request was being carried out; nothing was stored."""

    code = "rights_changed"
    title = "Your rights have changed while this was under way; try again"
    remedy = "Read GET /user/me to see the current rights, and send the request again if they allow it."


class StaffNeeded(Forbidden):
    """The caller is not a member of staff, or not an admin where one is needed."""

    code = "staff_needed"
    title = "Only staff may do this"
    remedy = "Use an account with the role, or ask an admin to give it to this one."


def _marker(access: Access) -> Callable[[F], F]:
    def mark(view: F) -> F:
        view.access = access  # type: ignore[attr-defined]  # functions carry attributes; wraps() passes them on
        return view

    return mark


public = _marker(Access.PUBLIC)
signed_in = _marker(Access.SIGNED_IN)
verified = _marker(Access.VERIFIED)
performer = _marker(Access.PERFORMER)
staff = _marker(Access.STAFF)
admin = _marker(Access.ADMIN)


def shows_more(view: F) -> F:
    """A public read of which owners or staff see more: an invalid token is refused, so that nobody takes the
    public part for the whole. Other public routes ignore tokens.
    """
    view.shows_more = True  # type: ignore[attr-defined]  # functions carry attributes
    return view


def recent(view: F) -> F:
    """Require a log-in within RECENT_LOGIN: for actions that a thief of an unlocked device must not do."""
    view.recent = True  # type: ignore[attr-defined]  # functions carry attributes
    return view


def personal(view: F) -> F:
    """A read for the user alone: an admin who acts as the user is refused."""
    view.personal = True  # type: ignore[attr-defined]  # functions carry attributes
    return view


def while_acting(view: F) -> F:
    """A write that an admin who acts as the user may do; all others are refused."""
    view.while_acting = True  # type: ignore[attr-defined]  # functions carry attributes
    return view


def access_of(view: Callable[..., Any]) -> Access | None:
    """The access marker of a view function, None when it has none."""
    return getattr(view, "access", None)


def asks_for_caller(view: Callable[..., Any]) -> bool:
    """Whether a view reads tokens; a public one does only if it `shows_more`."""
    return access_of(view) is not Access.PUBLIC or getattr(view, "shows_more", False)


def current_principal() -> Principal:
    """The caller. Raises Unauthenticated on a public route that was called without a token."""
    found = optional_principal()
    if found is None:
        raise Unauthenticated
    return found


def optional_principal() -> Principal | None:
    """The caller, if there is one and the route reads tokens: a public route does by `@shows_more`."""
    found: Principal | None = g.get("principal")
    return found


def companion() -> Principal | None:
    """The caller whose token came with a call that needs none, by current rights; a bad token is ignored."""
    claims: AccessClaims | None = g.get("claims")
    if claims is None:
        return None
    try:
        return _authenticator().recognise(claims)
    except Unauthenticated:
        return None


def claimed_user() -> int | None:
    """The user that a valid token names, whether or not its session is still valid: for budgets."""
    found: AccessClaims | None = g.get("claims")
    return None if found is None else found.user_id


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


def _with_role_in_use(caller: Principal, access: Access | None) -> Principal:
    """Without a second factor, staff is a user like others; routes of staff say what is missing."""
    if (
        caller.is_staff
        and access not in {Access.STAFF, Access.ADMIN}
        and runtime().settings.is_production
        and not caller.second_factor
    ):
        return replace(caller, roles=frozenset())
    return caller


def read_token() -> None:
    """Note the user of the request's token; an error of the token is kept, so that limits are counted before
    it is refused. Does not use the database.
    """
    # An application context may outlive a request (in tests and scripts), and `g` with it.
    g.auth_error = g.claims = g.principal = g.etag_of = None
    g.is_old = False
    header = request.headers.get("Authorization")
    if header is None or request.method == "OPTIONS" or _is_probe():
        return
    scheme, _, token = header.partition(" ")
    try:
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("Send Authorization: Bearer <access token>")
        g.claims = _authenticator().read(token.strip())
    except AppError as error:
        g.auth_error = error
    except OSError:
        # The clock takes its time from the database, and has none yet.
        g.auth_error = Unavailable("The database does not answer; try again in a moment", retry_after=1)


def require_token() -> None:
    """Refuse a request without a valid token when one is needed, before its body is read."""
    view = _view()
    if view is None or not asks_for_caller(view):
        return
    if g.auth_error is not None:
        raise g.auth_error
    if g.claims is None and access_of(view) is not Access.PUBLIC:
        raise Unauthenticated("Send Authorization: Bearer <access token>")


def enforce() -> None:
    """Refuse a caller whom the route's marker does not let in, by current rights."""
    view = _view()
    if view is None:
        return
    if g.claims is not None and asks_for_caller(view):
        g.principal = _with_role_in_use(_authenticator().recognise(g.claims), access_of(view))
    access, caller = access_of(view), optional_principal()
    assert access is not None
    check(access, caller)
    if caller is not None and access is not Access.PUBLIC:
        _check_session(view, caller)
    refuse_undeclared(request, getattr(view, "locations", ()))


def note_release() -> None:
    """Note that slow work begins: the known rights of the caller will be stale when it ends."""
    if has_request_context():
        g.is_old = True


def confirm() -> None:
    """Read the caller's rights again at the beginning of a transaction, if slow work (a picture, a hash, the
    storage) came before it; in the same transaction as the change that they permit.

    Raises Unauthenticated, Forbidden or RightsChanged.
    """
    if not has_request_context() or not g.pop("is_old", False) or optional_principal() is None:
        return
    view = _view()
    assert view is not None
    access = access_of(view)
    assert access is not None
    earlier, caller = current_principal(), _with_role_in_use(_authenticator().recognise(g.claims), access)
    check(access, caller)
    if not caller.keeps(earlier):
        raise RightsChanged


def _view() -> Callable[..., Any] | None:
    """The view that is called next, None when the request is answered without one."""
    if request.endpoint is None or request.routing_exception is not None or request.method == "OPTIONS":
        return None
    view = current_app.view_functions[request.endpoint]
    if access_of(view) is None:
        # create_app refuses to start with such a view; this is a second safeguard.
        raise Unauthenticated
    return view


def _is_probe() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "unlimited", False)


def _authenticator() -> Authenticator:
    return runtime().authenticator


def _check_session(view: Callable[..., Any], caller: Principal) -> None:
    """Check the kind of sign-in that a route requires. An admin's act as a user is recorded beforehand."""
    current = runtime()
    if caller.acting_admin_id is not None:
        allowed = (
            not getattr(view, "personal", False)
            if request.method in SAFE_METHODS
            else getattr(view, "while_acting", False)
        )
        if not allowed:
            raise NotWhileActing
        _authenticator().witness(caller, f"{request.method} {request.path}")
        # The next transaction is not the one in which the caller's rights were read.
        note_release()
    if getattr(view, "recent", False) and (
        caller.signed_in_at is None or current.clock.now() - caller.signed_in_at > RECENT_LOGIN
    ):
        raise RecentLoginNeeded


def require_markers(app: Flask) -> None:
    """Raises RuntimeError naming the views that declare no access."""
    missing = [name for name, view in app.view_functions.items() if access_of(view) is None]
    if missing:
        raise RuntimeError("these views declare no access marker: " + ", ".join(sorted(missing)))
