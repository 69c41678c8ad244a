"""Functions of accounts that other domains may call."""

from marketplace.blueprints.accounts.contracts import Avatars, Notifier, PictureAllowance, Users
from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.web.runtime import Runtime


def avatars(parts: Runtime) -> Avatars:
    """Takes avatars, also before a profile shows them."""
    return parts.get(Accounts).avatars


def picture_allowance(parts: Runtime) -> PictureAllowance:
    """The daily limit on a user's work on pictures; spend it before you decode one."""
    return parts.get(Accounts).allowance


def users(parts: Runtime) -> Users:
    """Users who are not deleted."""
    return parts.get(Accounts).users


def notifier(parts: Runtime) -> Notifier:
    """Tells users by mail, in their language."""
    return parts.get(Accounts).post


def open_session(parts: Runtime, user_id: int, device: str) -> str:
    """The access token of a new session, for a user whose identity is proven."""
    return parts.get(Accounts).sessions.open(user_id, Device(device)).access_token
