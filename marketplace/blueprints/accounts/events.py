"""What happens to accounts."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class UserRegistered(DomainEvent):
    """Somebody signed up."""

    name: ClassVar[str] = "user.registered"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserVerified(DomainEvent):
    """A user confirmed an e-mail address."""

    name: ClassVar[str] = "user.verified"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserProfileChanged(DomainEvent):
    """What others see of a user, or the user's own settings, changed."""

    name: ClassVar[str] = "user.profile_changed"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(DomainEvent):
    """A sign-in ended before its time."""

    name: ClassVar[str] = "session.revoked"
    user_id: int
    session_id: int
