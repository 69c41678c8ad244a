"""What proves who somebody is: passwords, tokens, codes, second factors, daily budgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from marketplace.kernel.identity import AccessClaims
from marketplace.models.accounts import OneTimeToken


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

    def void(self, user_id: int, phone: str | None) -> None:
        """Forget the codes for a new phone of the user, and those that were sent to `phone`."""
        ...

    def purge(self, before: datetime) -> None:
        """Forget codes that expired before then."""
        ...


class BudgetRepository(Protocol):
    def spend(self, scope: str, key: bytes, day: date, limit: int, amount: int = 1) -> bool:
        """Count `amount`, in one statement; False, and nothing counted, where that passes `limit`."""
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
