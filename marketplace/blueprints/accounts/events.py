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


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(DomainEvent):
    """A user has a new password."""

    name: ClassVar[str] = "user.password_changed"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserEmailChanged(DomainEvent):
    """A user has another e-mail address, and confirmed it."""

    name: ClassVar[str] = "user.email_changed"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserPhoneChanged(DomainEvent):
    """A user has another phone number, and confirmed it, or none."""

    name: ClassVar[str] = "user.phone_changed"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class SecondFactorChanged(DomainEvent):
    """A user switched the second factor on or off."""

    name: ClassVar[str] = "user.second_factor_changed"
    user_id: int
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class UserBlocked(DomainEvent):
    """Staff keeps a user out."""

    name: ClassVar[str] = "user.blocked"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserUnblocked(DomainEvent):
    """Staff lets a user in again."""

    name: ClassVar[str] = "user.unblocked"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserRolesChanged(DomainEvent):
    """A user has other staff roles."""

    name: ClassVar[str] = "user.roles_changed"
    user_id: int
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UserDeleted(DomainEvent):
    """A user wants the account gone. Handlers in the transaction may refuse: an order may be open."""

    name: ClassVar[str] = "user.deleted"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserRestored(DomainEvent):
    """A user took the deletion back in time."""

    name: ClassVar[str] = "user.restored"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserAnonymised(DomainEvent):
    """The time to take a deletion back is over. Each domain removes, in the transaction, what it holds on
    the user and others do not need.
    """

    name: ClassVar[str] = "user.anonymised"
    user_id: int
