"""Interfaces for proofs of identity: passwords, tokens, codes, second factors, daily limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from marketplace.kernel.identity import AccessClaims
from marketplace.models.accounts import OneTimeToken


class TokenRepository(Protocol):
    """Tokens sent by mail."""

    def add(self, token: OneTimeToken) -> None:
        """Store a new token; it replaces the one of the same user and purpose."""
        ...

    def find(self, purposes: Sequence[str], token_hash: bytes, at: datetime) -> OneTimeToken | None:
        """An unused, unexpired token."""
        ...

    def use(self, purposes: Sequence[str], token_hash: bytes, at: datetime) -> OneTimeToken | None:
        """Mark an unused, unexpired token as used, in one statement: one of several concurrent callers gets
        it. None when there is none.
        """
        ...

    def void(self, user_id: int, purposes: Sequence[str]) -> None:
        """Invalidate all tokens of these purposes."""
        ...

    def purge(self, before: datetime) -> None:
        """Delete tokens that expired before then."""
        ...


@dataclass(frozen=True)
class SentCode:
    """The newest code of a phone and purpose; `version` counts how often it was replaced."""

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
        """Store a new code; it replaces the one before."""
        ...

    def find(self, code_id: int, version: int, now: datetime) -> SentCode | None:
        """The code, if it can still be used."""
        ...

    def take_try(
        self, phone: str, purpose: str, user_id: int | None, now: datetime, max_tries: int
    ) -> SentCode | None:
        """Count a try, in one statement: at most `max_tries` callers get the code. None when there is no live
        code or its tries are used up.
        """
        ...

    def use(self, code: SentCode, now: datetime) -> bool:
        """Mark it as used, in one statement. False when it was used or replaced in the meantime."""
        ...

    def void(self, user_id: int, phone: str | None) -> None:
        """Delete the user's codes for a new phone, and those that were sent to `phone`."""
        ...

    def purge(self, before: datetime) -> None:
        """Delete codes that expired before then."""
        ...


class BudgetRepository(Protocol):
    """Amounts spent by day."""

    def spend(self, scope: str, key: bytes, day: date, limit: int, amount: int = 1) -> bool:
        """Count `amount`, in one statement; False, and nothing counted, if that would exceed `limit`."""
        ...

    def refund(self, scope: str, key: bytes, day: date) -> None:
        """Subtract one."""
        ...

    def purge(self, before: date) -> None:
        """Delete the days before then."""
        ...


@dataclass(frozen=True)
class Factor:
    """A user's TOTP secret (still encrypted) and the time step of the last code that was used."""

    secret: bytes
    confirmed: bool
    last_step: int | None


class SecondFactorRepository(Protocol):
    """TOTP secrets and recovery codes."""

    def begin(self, user_id: int, secret: bytes) -> bool:
        """Store an unconfirmed secret in place of another unconfirmed one; False when one is confirmed."""
        ...

    def is_on(self, user_id: int) -> bool:
        """Whether there is a confirmed factor."""
        ...

    def exists(self, user_id: int) -> bool:
        """Whether there is a factor, confirmed or not."""
        ...

    def take_try(self, user_id: int, now: datetime, max_failures: int, since: datetime) -> Factor | None:
        """Count a try as failed until `accept` says otherwise, in one statement. None when there is no
        factor, or there were `max_failures` since then. The row stays locked, so that tries come one after
        the other.
        """
        ...

    def accept(self, user_id: int, step: int | None) -> None:
        """Record that the try was right: clear the failures, and remember the step."""
        ...

    def confirm(self, user_id: int, now: datetime) -> None:
        """Put the factor into force."""
        ...

    def remove(self, user_id: int) -> bool:
        """Remove the factor with its recovery codes; False when there was none."""
        ...

    def set_recovery_codes(self, user_id: int, hashes: Sequence[bytes]) -> None:
        """Store recovery codes in place of all earlier ones."""
        ...

    def use_recovery_code(self, user_id: int, code_hash: bytes, now: datetime) -> bool:
        """Mark it as used, in one statement: one of several concurrent callers succeeds."""
        ...


class PasswordHasher(Protocol):
    """Password hashes that are slow to compute and need much memory, on purpose."""

    def hash(self, password: str) -> str:
        """The encoded hash with its salt. Raises Unavailable."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether `password` is the right one; takes the time that the stored parameters demand. Raises
        Unavailable.
        """
        ...

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the stored hash has other parameters than the present ones."""
        ...


class TokenMaker(Protocol):
    def access(
        self, user_id: int, session_id: int, now: datetime, seconds: int | None = None
    ) -> tuple[str, int]:
        """A new access token and its life in seconds, the default one unless given."""
        ...

    def read_access(self, token: str, now: datetime) -> AccessClaims:
        """The claims of a token; expiry is checked against `now`, not this machine's clock. Raises
        Unauthenticated.
        """
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
        """The successor of `token`; always the same one, so that two honest concurrent refreshes get the same
        answer.
        """
        ...

    def digest(self, token: str) -> bytes:
        """The digest of a token, for storage."""
        ...

    def keyed_digest(self, purpose: str, text: str) -> bytes:
        """The keyed digest of a guessable value, such as a phone or a recovery code, for storage."""
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
        """The time step whose code is `code`; None when that step is not around `now` (RFC 6238, 5.2)."""
        ...
