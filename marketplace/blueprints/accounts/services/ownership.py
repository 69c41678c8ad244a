"""Whose an account is: the first proof of an address takes it over whole; docs/decisions/0020."""

from enum import StrEnum

from marketplace.blueprints.accounts.errors import EmailTaken, LogInNeeded, PhoneTaken
from marketplace.blueprints.accounts.events import SecondFactorChanged, UserVerified
from marketplace.blueprints.accounts.policies import LAPSE_BATCH, NO_PASSWORD, UNCONFIRMED_LIFE, is_proven
from marketplace.blueprints.accounts.ports import (
    AuditLog,
    CodeRepository,
    SecondFactorRepository,
    TokenRepository,
    UserRepository,
)
from marketplace.blueprints.accounts.privacy_ports import ExportRepository
from marketplace.blueprints.accounts.services.sessions import SessionService
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import User

TOKENS = ("verify_email", "change_email", "reset_password", "restore_account")


class Address(StrEnum):
    """What can be proven."""

    EMAIL = "email"
    PHONE = "phone"


class Witness(StrEnum):
    """Who else than the owner of the address has a part in a proof of it."""

    SESSION = "session"
    """A session of the account came along: its password, or another address, was proven before."""
    SIGN_UP = "sign_up"
    """The token of the mail of sign-up alone: it speaks for the sign-up that caused the mail."""
    NOBODY = "nobody"
    """A code, a reset or a restoring alone: whoever set the account up may be somebody else."""


class Ownership:
    """Used inside the unit of work of what proves an address; `lock` comes first there."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        one_time: TokenRepository,
        codes: CodeRepository,
        factors: SecondFactorRepository,
        exports: ExportRepository,
        sessions: SessionService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._one_time = one_time
        self._codes = codes
        self._factors = factors
        self._exports = exports
        self._sessions = sessions
        self._audit = audit
        self._clock = clock

    def lock(self, user_id: int, address: Address, value: str) -> User | None:
        """The user, and with it all whose accounts `value` stands in; None when deleted."""
        self._users.lock_with_rivals(user_id, **{address.value: value})
        return self._users.find(user_id, lock=True)

    def claim(self, user: User, address: Address, witness: Witness) -> None:
        """The address that stands in the account is proven.

        By the account's own session: it is confirmed, and all else stays. Without: it is so for the first
        address of an account only, and what was there before goes with it: the other address, tokens, codes
        and, unless the token of sign-up speaks for them, password, sessions, second factor and exports.

        Raises LogInNeeded where another address was proven before; EmailTaken, PhoneTaken.
        """
        with self._uow:
            if getattr(user, f"{address}_verified"):
                return
            if witness is not Witness.SESSION:
                if is_proven(user):
                    raise LogInNeeded("Log in to this account, and send the access token along")
                self._drop(user)
                if witness is Witness.NOBODY:
                    self._shut_out(user)
                if address is Address.EMAIL:
                    user.phone = None
                else:
                    user.email = None
            self.adopt(user, address, getattr(user, address))

    def recover(self, user: User, address: Address) -> None:
        """As `claim` by nobody else, before a new password is set: nothing that is unproven survives one.

        Raises LogInNeeded where another address was proven and not this; EmailTaken, PhoneTaken.
        """
        with self._uow:
            self.claim(user, address, Witness.NOBODY)
            self._drop(user)
            if not user.email_verified:
                user.email = None
            if not user.phone_verified:
                user.phone = None
            self._sessions.end([user.id])
            self.discard_copies(user.id)

    def adopt(self, user: User, address: Address, value: str) -> None:
        """Make a proven address the user's own; of whoever else has it unconfirmed it is no more.

        Raises EmailTaken, PhoneTaken where somebody else confirmed it.
        """
        with self._uow:
            if self._users.is_confirmed(**{address.value: value}, besides=user.id):
                raise EmailTaken if address is Address.EMAIL else PhoneTaken
            self._users.release(**{address.value: value}, besides=user.id)
            setattr(user, address.value, value)
            setattr(user, f"{address}_verified", True)
            self._uow.record(UserVerified(user_id=user.id))

    def discard_copies(self, user_id: int) -> None:
        """Copies of the data: their links need no session, and may be in the hands of whose sessions end."""
        with self._uow:
            self._exports.discard(user_id)

    def lapse(self) -> int:
        """Forget the addresses that nobody confirmed in UNCONFIRMED_LIFE; returns of how many users. Several
        transactions.
        """
        total, count = 0, LAPSE_BATCH
        while count == LAPSE_BATCH:
            with self._uow:
                now = self._clock.now()
                count = self._users.lapse(now - UNCONFIRMED_LIFE, now, LAPSE_BATCH)
            total += count
        return total

    def _drop(self, user: User) -> None:
        """Tokens, and codes to a number that nobody has proven."""
        self._one_time.void(user.id, TOKENS)
        self._codes.void(user.id, None if user.phone_verified else user.phone)

    def _shut_out(self, user: User) -> None:
        """Whoever came in without the proof comes in no more."""
        self._users.set_password_hash(user.id, NO_PASSWORD)
        self._sessions.end([user.id])
        if self._factors.remove(user.id):
            self._uow.record(SecondFactorChanged(user_id=user.id, enabled=False))
        self._exports.discard(user.id)
        self._audit.write("user.claimed", "user", user.id, actor=None)
