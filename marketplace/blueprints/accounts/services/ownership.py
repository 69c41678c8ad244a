"""Ownership of accounts: the first proof of an address takes over the whole account; docs/decisions/0020."""

from enum import StrEnum

from marketplace.blueprints.accounts.contracts import SecondFactorChanged, UserClaimed, UserVerified
from marketplace.blueprints.accounts.errors import EmailTaken, LogInNeeded, PhoneTaken
from marketplace.blueprints.accounts.policies import LAPSE_BATCH, NO_PASSWORD, UNCONFIRMED_LIFE, is_proven
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.accounts.ports.proofs import (
    CodeRepository,
    SecondFactorRepository,
    TokenRepository,
)
from marketplace.blueprints.accounts.services.sessions import SessionService
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import User

TOKENS = ("verify_email", "change_email", "reset_password", "restore_account")


class Address(StrEnum):
    """Addresses that can be proven."""

    EMAIL = "email"
    PHONE = "phone"


class Witness(StrEnum):
    """Evidence that supports a proof besides the address itself."""

    SESSION = "session"
    """A session of the account: its password, or another address, was proven before."""
    SIGN_UP = "sign_up"
    """Only the token from the mail of sign-up, which supports the sign-up that caused the mail."""
    NOBODY = "nobody"
    """Only a code, a reset or a restore: somebody else may have set the account up."""


class Ownership:
    """Used inside the unit of work of what proves an address, after `lock`."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        one_time: TokenRepository,
        codes: CodeRepository,
        factors: SecondFactorRepository,
        sessions: SessionService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._one_time = one_time
        self._codes = codes
        self._factors = factors
        self._sessions = sessions
        self._audit = audit
        self._clock = clock

    def lock(self, user_id: int, address: Address, value: str) -> User | None:
        """Lock the user, and all users whose accounts have `value`; None when the user is deleted."""
        self._users.lock_with_rivals(user_id, **{address.value: value})
        return self._users.find(user_id, lock=True)

    def claim(self, user: User, address: Address, witness: Witness) -> None:
        """Record that the address of the account is proven.

        With the account's own session as witness, the address is confirmed and all else stays. Without it,
        only the first address of an account can be confirmed, and what was there before is removed: the other
        address, tokens, codes and, unless the token of sign-up is the witness, password, sessions, second
        factor and copies of the data (UserClaimed).

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
        """As `claim` with Witness.NOBODY, before a new password is set: nothing unproven survives it.

        Raises LogInNeeded where another address was proven and not this one; EmailTaken, PhoneTaken.
        """
        with self._uow:
            self.claim(user, address, Witness.NOBODY)
            self._drop(user)
            if not user.email_verified:
                user.email = None
            if not user.phone_verified:
                user.phone = None
            self._sessions.end([user.id])

    def adopt(self, user: User, address: Address, value: str) -> None:
        """Make a proven address the user's own, and remove it from all accounts that have it unconfirmed.

        Raises EmailTaken, PhoneTaken where somebody else confirmed it.
        """
        with self._uow:
            if self._users.is_confirmed(**{address.value: value}, besides=user.id):
                raise EmailTaken if address is Address.EMAIL else PhoneTaken
            self._users.release(**{address.value: value}, besides=user.id)
            setattr(user, address.value, value)
            setattr(user, f"{address}_verified", True)
            self._uow.record(UserVerified(user_id=user.id))

    def lapse(self) -> int:
        """Remove addresses that nobody confirmed in UNCONFIRMED_LIFE; returns how many users lost one. Uses
        several transactions.
        """
        total, count = 0, LAPSE_BATCH
        while count == LAPSE_BATCH:
            with self._uow:
                now = self._clock.now()
                count = self._users.lapse(now - UNCONFIRMED_LIFE, now, LAPSE_BATCH)
            total += count
        return total

    def _drop(self, user: User) -> None:
        """Delete tokens, and codes to a number that nobody has proven."""
        self._one_time.void(user.id, TOKENS)
        self._codes.void(user.id, None if user.phone_verified else user.phone)

    def _shut_out(self, user: User) -> None:
        """Shut out everybody who got access without the proof."""
        self._users.set_password_hash(user.id, NO_PASSWORD)
        self._sessions.end([user.id])
        if self._factors.remove(user.id):
            self._uow.record(SecondFactorChanged(user_id=user.id, enabled=False))
        self._uow.record(UserClaimed(user_id=user.id))
        self._audit.write("user.claimed", "user", user.id, actor=None)
