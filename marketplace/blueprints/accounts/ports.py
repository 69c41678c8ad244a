"""What the services of accounts need from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from marketplace.kernel.changes import Change
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import OneTimeToken, User, UserSession


class UserRepository(Protocol):
    """Users who are not deleted, unless it says otherwise."""

    def add(self, user: User) -> None:
        """Store a new user; its id is set afterwards. Raises UsernameTaken and its like at the end of
        the unit of work.
        """
        ...

    def get(self, user_id: int, *, lock: bool = False) -> User:
        """Raises NotFound."""
        ...

    def find(self, user_id: int, *, lock: bool = False) -> User | None: ...

    def find_by_login(self, login: str) -> User | None:
        """By username or e-mail (either case), or phone (E.164)."""
        ...

    def find_by_email(self, email: str) -> User | None:
        """Either case."""
        ...

    def find_by_phone(self, phone: str, *, lock: bool = False) -> User | None:
        """By E.164."""
        ...

    def performer_id_of(self, user_id: int) -> int | None: ...

    def set_password_hash(self, user_id: int, password_hash: str) -> None:
        """Without a new version: a rehash is no edit."""
        ...

    def mark_email_verified(self, user_id: int, email: str) -> bool:
        """False when the user's address is another by now."""
        ...

    def release_phone(self, phone: str, *, besides: int) -> bool:
        """Take `phone` from another account that never confirmed it. False when one holds it confirmed."""
        ...

    def lock_admins(self) -> set[int]:
        """The ids of the active admins, locked: whoever takes one away comes one after the other."""
        ...

    def lock_accounts(self, ids: Sequence[int]) -> list[User]:
        """Those of `ids` that exist, locked in the order of their ids."""
        ...

    def set_active(self, ids: Sequence[int], *, active: bool, reason: str | None, at: datetime) -> None:
        """Block or unblock all of `ids`, in one UPDATE."""
        ...


@dataclass(frozen=True)
class SessionView:
    """A sign-in as its user sees it; `current` is the one that asks."""

    id: int
    device: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


class SessionRepository(Protocol):
    def add(self, session: UserSession) -> None: ...

    def find(self, session_id: int) -> UserSession | None:
        """Locked, so that parallel refreshes take turns."""
        ...

    def list_live(self, user_id: int, page: PageRequest, at: datetime, current: int) -> Page[SessionView]:
        """Newest first; without those of admins who act as the user."""
        ...

    def revoke(
        self, user_ids: Sequence[int], at: datetime, *, only: int | None = None, besides: int | None = None
    ) -> list[tuple[int, int]]:
        """End the live sessions of users (`only` one of them, or all `besides` one), in one UPDATE.
        Returns (user id, session id) of each that ended.
        """
        ...

    def knows_address(self, user_id: int, ip: str, since: datetime) -> bool:
        """Whether the user signed in from `ip` since then."""
        ...

    def find_principal(self, session_id: int, user_id: int, at: datetime) -> tuple[Principal, bool] | None:
        """The caller by the rights of this moment and whether the user is active; None without a live
        session. One query.
        """
        ...

    def alive(self, session_ids: set[int], at: datetime) -> set[int]:
        """Those of `session_ids` that still let their user in."""
        ...


class TokenRepository(Protocol):
    def add(self, token: OneTimeToken) -> None:
        """Store a new token; an earlier one of the same user and purpose is good no more."""
        ...

    def find(self, purposes: Sequence[str], token_hash: bytes, at: datetime) -> OneTimeToken | None:
        """An unused, unexpired token."""
        ...

    def use(self, purposes: Sequence[str], token_hash: bytes, at: datetime) -> OneTimeToken | None:
        """Mark an unused, unexpired token as used, in one statement; None when there is none."""
        ...

    def void(self, user_id: int, purposes: Sequence[str]) -> None:
        """Make all tokens of these purposes good no more."""
        ...


@dataclass(frozen=True)
class SentCode:
    """The newest code of a phone and purpose; `version` counts how often it was superseded."""

    id: int
    phone: str
    purpose: str
    user_id: int | None
    nonce: bytes
    version: int


class CodeRepository(Protocol):
    def replace(
        self, phone: str, purpose: str, user_id: int | None, nonce: bytes, now: datetime, expires_at: datetime
    ) -> SentCode:
        """A new code; the one before it is good no more."""
        ...

    def find(self, code_id: int, version: int, now: datetime) -> SentCode | None:
        """One that can still be used."""
        ...

    def take_try(
        self, phone: str, purpose: str, user_id: int | None, now: datetime, max_tries: int
    ) -> SentCode | None:
        """Count a try, in one statement; None when there is no live code or its tries are spent."""
        ...

    def use(self, code: SentCode, now: datetime) -> bool:
        """Mark it as used, in one statement. False when somebody was faster, or it was superseded."""
        ...

    def purge(self, before: datetime) -> None:
        """Forget codes that expired before then."""
        ...


class BudgetRepository(Protocol):
    def spend(self, scope: str, key: bytes, day: date, limit: int) -> bool:
        """Count one, in one statement; False, and nothing counted, when `limit` is reached."""
        ...

    def refund(self, scope: str, key: bytes, day: date) -> None:
        """Take one back."""
        ...

    def purge(self, before: date) -> None: ...


@dataclass(frozen=True)
class Factor:
    """A user's TOTP secret (still encrypted) and the time step of the last code that was used."""

    secret: bytes
    confirmed: bool
    last_step: int | None


class SecondFactorRepository(Protocol):
    def begin(self, user_id: int, secret: bytes) -> bool:
        """Store an unconfirmed secret in the place of another one; False when one is confirmed."""
        ...

    def is_on(self, user_id: int) -> bool:
        """Whether a confirmed one is there."""
        ...

    def exists(self, user_id: int) -> bool:
        """Whether one is there, confirmed or not."""
        ...

    def take_try(self, user_id: int, now: datetime, max_failures: int, since: datetime) -> Factor | None:
        """Count a try as failed, in one statement; None when there is no factor, or `max_failures` are
        reached since then. The row stays locked, so that tries come one after the other.
        """
        ...

    def accept(self, user_id: int, step: int | None) -> None:
        """The try was right: forget the failures, and remember the step."""
        ...

    def confirm(self, user_id: int, now: datetime) -> None: ...

    def remove(self, user_id: int) -> bool:
        """With its recovery codes; False when there was none."""
        ...

    def set_recovery_codes(self, user_id: int, hashes: Sequence[bytes]) -> None:
        """In the place of all earlier ones."""
        ...

    def use_recovery_code(self, user_id: int, code_hash: bytes, now: datetime) -> bool:
        """Mark it as used, in one statement."""
        ...


class PasswordHasher(Protocol):
    def hash(self, password: str) -> str: ...

    def verify(self, password_hash: str, password: str) -> bool: ...

    def needs_rehash(self, password_hash: str) -> bool: ...


@dataclass(frozen=True)
class AccessClaims:
    """What a valid access token says."""

    user_id: int
    session_id: int
    expires_at: datetime


class TokenMaker(Protocol):
    def access(
        self, user_id: int, session_id: int, now: datetime, seconds: int | None = None
    ) -> tuple[str, int]:
        """A new access token and its life in seconds, the usual one unless given."""
        ...

    def read_access(self, token: str, now: datetime) -> AccessClaims:
        """Raises Unauthenticated."""
        ...

    def new_secret(self) -> str:
        """An unguessable token."""
        ...

    def first_refresh(self, session_id: int) -> str:
        """A new refresh token that names its session."""
        ...

    def session_of(self, token: str) -> int | None:
        """The session that a refresh token names; None for a text of another form."""
        ...

    def is_ours(self, token: str) -> bool:
        """Whether this server made the refresh token, however long ago."""
        ...

    def next_refresh(self, token: str) -> str:
        """The token that follows `token`; the same one each time, so that two honest refreshes at once
        get the same answer.
        """
        ...

    def digest(self, token: str) -> bytes:
        """What is stored of a token."""
        ...

    def keyed_digest(self, purpose: str, text: str) -> bytes:
        """What is stored of something that could be guessed, such as a phone or a recovery code."""
        ...

    def phone_code(self, code: SentCode) -> str:
        """The digits that were sent for `code`."""
        ...


class TotpCodes(Protocol):
    """Time-based one-time passwords (RFC 6238)."""

    def new_secret(self) -> tuple[str, bytes]:
        """A new secret in Base32, for the user, and encrypted, for the database."""
        ...

    def address(self, secret: str, account: str) -> str:
        """The `otpauth://` address that an authenticator app takes as a QR code."""
        ...

    def matching_step(self, secret: bytes, code: str, now: datetime) -> int | None:
        """The time step whose code `code` is; None when it is of none around `now`."""
        ...


@dataclass(frozen=True)
class SubmittedChange:
    """A change request as it was stored."""

    id: int
    field_name: str


class AuditLog(Protocol):
    """Where what staff did, and what touches the safety of an account, is kept."""

    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None: ...

    def write_many(
        self,
        action: str,
        subject_type: str,
        subjects: Sequence[tuple[int | None, Any, Any]],
        *,
        actor: Principal | None,
        reason: str | None = None,
    ) -> None:
        """One entry for each `(id, before, after)`."""
        ...


@dataclass(frozen=True)
class UserView:
    """A user as staff sees one."""

    id: int
    username: str
    email: str
    email_verified: bool
    phone: str | None
    phone_verified: bool
    first_name: str
    last_name: str
    locale: str
    timezone: str
    roles: list[str]
    is_staff: bool
    is_active: bool
    blocked_reason: str | None
    blocked_at: datetime | None
    deleted_at: datetime | None
    date_joined: datetime
    second_factor: bool
    performer_id: int | None
    avatar_url: str | None = None


@dataclass(frozen=True)
class UserSearch:
    """What staff looks for. `q` is in any part of name, username, e-mail or phone, each word of it."""

    q: str | None = None
    role: str | None = None
    is_staff: bool | None = None
    is_active: bool | None = None
    is_deleted: bool | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)


class UserDirectory(Protocol):
    """Reads for staff; deleted users too."""

    def list_users(self, search: UserSearch, page: PageRequest) -> Page[UserView]:
        """Newest first. Raises InvalidCursor."""
        ...

    def find(self, user_id: int) -> UserView | None: ...


class ChangeQueue(Protocol):
    """Where edits of moderated fields wait for staff."""

    def submit(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change]
    ) -> Sequence[object]: ...

    def pending(self, subject_type: str, subject_id: int) -> Sequence[object]: ...


class Mailer(Protocol):
    def send(self, *, to: str, topic: str, subject: str, text: str, data: dict[str, str]) -> None:
        """Deliver now; reaches the network."""
        ...


class SmsSender(Protocol):
    def send(self, *, to: str, topic: str, text: str, data: dict[str, str]) -> None:
        """Deliver now to an E.164 number; reaches the network."""
        ...
