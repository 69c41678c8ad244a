"""What the services of accounts need from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.kernel.changes import Change
from marketplace.kernel.identity import Principal
from marketplace.models.accounts import OneTimeToken, User, UserSession


class UserRepository(Protocol):
    def add(self, user: User) -> None:
        """Store a new user; its id is set afterwards. Raises UsernameTaken and its like at the end of
        the unit of work.
        """
        ...

    def get(self, user_id: int, *, lock: bool = False) -> User:
        """Raises NotFound."""
        ...

    def find_by_login(self, login: str) -> User | None:
        """By username or e-mail (either case), or phone (E.164)."""
        ...

    def performer_id_of(self, user_id: int) -> int | None: ...

    def set_password_hash(self, user_id: int, password_hash: str) -> None:
        """Without a new version: a rehash is no edit."""
        ...

    def mark_email_verified(self, user_id: int, email: str) -> bool:
        """False when the user's address is another by now."""
        ...


class SessionRepository(Protocol):
    def add(self, session: UserSession) -> None: ...

    def find(self, session_id: int) -> UserSession | None:
        """Locked, so that parallel refreshes take turns."""
        ...

    def revoke(self, session_id: int, at: datetime) -> bool:
        """False when it was revoked before."""
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
    def add(self, token: OneTimeToken) -> None: ...

    def use(self, purpose: str, token_hash: bytes, at: datetime) -> OneTimeToken | None:
        """Mark an unused, unexpired token as used, in one statement; None when there is none."""
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
    def access(self, user_id: int, session_id: int, now: datetime) -> tuple[str, int]:
        """A new access token and its life in seconds."""
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


@dataclass(frozen=True)
class SubmittedChange:
    """A change request as it was stored."""

    id: int
    field_name: str


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
