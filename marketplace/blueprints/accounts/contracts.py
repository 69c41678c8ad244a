"""Events of accounts, and the interfaces that it gives to other domains."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, ClassVar, Protocol

from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal

RESTORE_TIME = timedelta(days=7)
"""How long a deletion can be taken back."""


class PictureAllowance(Protocol):
    """A daily limit on the work on pictures that a user may cause."""

    def spend(self, caller: Principal, pixels: int) -> None:
        """Count `pixels` for today (UTC), in a transaction of its own. It is called before the work, and
        counts whatever the result: failed decoding is work too. Raises PicturesSpent.
        """
        ...


class Avatars(Protocol):
    """Takes avatars, also before a profile shows them."""

    def look(self, picture: BinaryIO) -> int:
        """The size of the work in pixels; nothing is decoded. Raises NotAPicture, PictureTooLarge."""
        ...

    def encode(self, picture: BinaryIO, owner: int) -> bytes:
        """The file to store for `picture`, which the user `owner` sent.

        Raises NotAPicture, PictureTooLarge, TooManyAtOnce, Unavailable.
        """
        ...

    def store(self, content: bytes) -> str:
        """Store the file and return its key; the sweep deletes it unless it is shown. Raises StorageFull,
        Unavailable.
        """
        ...

    def discard(self, key: str) -> None:
        """Delete a stored file that will not be shown; if the storage is out of reach, the sweep deletes it
        later.
        """
        ...

    def show(self, caller: Principal, key: str) -> None:
        """Make a stored file the caller's avatar, within the transaction."""
        ...


class Addressee(Protocol):
    """A user who receives mail."""

    @property
    def id(self) -> int: ...

    @property
    def first_name(self) -> str: ...

    @property
    def locale(self) -> str: ...

    @property
    def email(self) -> str | None: ...

    @property
    def email_verified(self) -> bool: ...

    @property
    def is_active(self) -> bool: ...


class Users(Protocol):
    """Users who are not deleted."""

    def get(self, user_id: int, *, lock: bool = False) -> Addressee:
        """Raises NotFound."""
        ...

    def find(self, user_id: int, *, lock: bool = False) -> Addressee | None: ...


@dataclass(frozen=True)
class Letter:
    """A mail; both parts are templates of `str.format`, with `{greeting}` at the beginning of the text."""

    subject: str
    text: str


@dataclass(frozen=True)
class MailTopic:
    """A subject of mails to users: its letter in each language, at least in `en`, and the page of the app at
    APP_URL that it links to, if any. A letter with a `{token}` shows it, or the link with the token in it.
    """

    name: str
    letters: Mapping[str, Letter]
    path: str = ""


class Notifier(Protocol):
    """Tells users by mail, in their language."""

    def notify(self, user: Addressee, topic: str, *, to: str | None = None, **values: int) -> None:
        """Mail the user about `topic`, the name of a MailTopic, after the commit: to `to`, a confirmed
        address, or else to the present address if there is one. The mail must hold nothing secret.
        """
        ...

    def mail(
        self,
        to: str,
        topic: str,
        locale: str,
        *,
        name: str = "",
        secrets: dict[str, str] | None = None,
        **values: str | int,
    ) -> None:
        """Deliver a mail about `topic` at once, so only a job with an effect may call it; `secrets` are in
        its text, and by themselves in the message's data. An unconfirmed address gets a mail without a name,
        which tells strangers what to do.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class UserRegistered(DomainEvent):
    """A user signed up."""

    name: ClassVar[str] = "user.registered"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserVerified(DomainEvent):
    """A user confirmed an e-mail address."""

    name: ClassVar[str] = "user.verified"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserProfileChanged(DomainEvent):
    """The public profile or the settings of a user changed."""

    name: ClassVar[str] = "user.profile_changed"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class SessionRevoked(DomainEvent):
    """A session was ended before its time."""

    name: ClassVar[str] = "session.revoked"
    user_id: int
    session_id: int


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(DomainEvent):
    """A user set a new password."""

    name: ClassVar[str] = "user.password_changed"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserEmailChanged(DomainEvent):
    """A user changed the e-mail address and confirmed the new one."""

    name: ClassVar[str] = "user.email_changed"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserPhoneChanged(DomainEvent):
    """A user changed the phone number and confirmed the new one, or removed it."""

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
    """Staff blocked a user."""

    name: ClassVar[str] = "user.blocked"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserUnblocked(DomainEvent):
    """Staff unblocked a user."""

    name: ClassVar[str] = "user.unblocked"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserRolesChanged(DomainEvent):
    """Staff changed the staff roles of a user."""

    name: ClassVar[str] = "user.roles_changed"
    user_id: int
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UserDeleted(DomainEvent):
    """A user asked for the deletion of the account. Handlers in the transaction may refuse, for example when
    an order is open.
    """

    name: ClassVar[str] = "user.deleted"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserRestored(DomainEvent):
    """A user took the deletion back in time."""

    name: ClassVar[str] = "user.restored"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class UserClaimed(DomainEvent):
    """The owner of an address proved it and took over an account that somebody else had set up. Nothing that
    the other person may hold is valid any longer.
    """

    name: ClassVar[str] = "user.claimed"
    user_id: int
