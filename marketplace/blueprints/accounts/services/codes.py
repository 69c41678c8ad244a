"""One-time codes by phone: requested, delivered, verified; docs/decisions/0010."""

import logging
import secrets
from dataclasses import dataclass
from hmac import compare_digest

from marketplace.blueprints.accounts.errors import AccountBlocked, CodeRequired, InvalidCode
from marketplace.blueprints.accounts.policies import (
    CODE_LIFE,
    CODE_TRIES,
    CODES_PER_PHONE,
    CodePurpose,
    is_costly,
    is_proven,
    network_of,
    region_of,
)
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.accounts.ports.proofs import CodeRepository, SentCode, TokenMaker
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.blueprints.accounts.services.ownership import Address, Ownership, Witness
from marketplace.blueprints.accounts.services.passwords import PasswordService
from marketplace.blueprints.accounts.services.post import Post
from marketplace.blueprints.accounts.services.second_factor import SecondFactorService
from marketplace.blueprints.accounts.services.sessions import Device, SessionService, Tokens
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import User

CODE_JOB = "accounts.send_code"
NONCE_BYTES = 16

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verified:
    """A phone number is confirmed."""

    verified: bool = True


@dataclass(frozen=True)
class ResetToken:
    """A token that sets a new password at `POST /user/password/reset`."""

    reset_token: str


@dataclass(frozen=True)
class CodeLimits:
    """Daily limits on the cost of text messages: by requesting address, and by destination country. Numbers
    that nobody has confirmed get at most half of a country's limit.
    """

    per_address: int
    per_country: int


class CodeKeeper:
    """Stores and checks codes, whatever their purpose."""

    def __init__(
        self,
        uow: UnitOfWork,
        codes: CodeRepository,
        tokens: TokenMaker,
        budgets: Budgets,
        clock: Clock,
        limits: CodeLimits,
    ) -> None:
        self._uow = uow
        self._codes = codes
        self._tokens = tokens
        self._budgets = budgets
        self._clock = clock
        self._limits = limits

    def ask(
        self, phone: str, purpose: str, ip: str, *, owner_id: int | None, user_id: int | None = None
    ) -> None:
        """Make a code, and add a job that delivers it; it replaces an earlier one. `owner_id` is the owner of
        the number, if there is one; `user_id` is the user who wants it as a new number. Raises BudgetSpent.
        """
        with self._uow:
            # The limit of the requester's address comes first; the limit of the phone is partly kept for its
            # owner.
            self._budgets.require(
                paid=self._budgets.spend("codes_from", network_of(ip), self._limits.per_address)
            )
            paid = self._budgets.spend_guarded("codes_to", phone, CODES_PER_PHONE, owner_id or user_id, ip)
            self._budgets.require(paid=paid)
            now = self._clock.now()
            nonce = secrets.token_bytes(NONCE_BYTES)
            code = self._codes.replace(phone, purpose, user_id, nonce, now, now + CODE_LIFE)
            self._uow.enqueue(CODE_JOB, {"code_id": code.id, "version": code.version})

    def find(self, code_id: int, version: int) -> SentCode | None:
        """Find a code that was not replaced, used or expired in the meantime."""
        return self._codes.find(code_id, version, self._clock.now())

    def digits(self, code: SentCode) -> str:
        """The digits to send."""
        return self._tokens.phone_code(code)

    def affordable(self, phone: str, *, confirmed: bool) -> bool:
        """Count a message to the number's country; False when it must not be sent."""
        region = region_of(phone)
        if is_costly(phone):
            log.warning("no code for a number of a costly kind", extra={"region": region})
            return False
        limit = self._limits.per_country if confirmed else self._limits.per_country // 2
        if not self._budgets.spend("codes_country", region, limit):
            log.warning("the daily budget of codes for a country is spent", extra={"region": region})
            return False
        return True

    def compare(self, phone: str, purpose: str, digits: str, user_id: int | None = None) -> SentCode:
        """The code that matches `digits` and is still unused: `use` it in the transaction of the action that
        it proves. The try is counted in a transaction of its own. Raises InvalidCode.
        """
        with self._uow:
            code = self._codes.take_try(phone, purpose, user_id, self._clock.now(), CODE_TRIES)
        if code is None or not compare_digest(self._tokens.phone_code(code).encode(), digits.encode()):
            raise InvalidCode
        return code

    def use(self, code: SentCode) -> None:
        """Mark the code as used; one of several concurrent callers succeeds. Raises InvalidCode."""
        if not self._codes.use(code, self._clock.now()):
            raise InvalidCode


class CodeService:
    """Sign-in, confirmation of a number, and a forgotten password, by phone."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        keeper: CodeKeeper,
        sessions: SessionService,
        factors: SecondFactorService,
        passwords: PasswordService,
        ownership: Ownership,
        post: Post,
    ) -> None:
        self._uow = uow
        self._users = users
        self._keeper = keeper
        self._sessions = sessions
        self._factors = factors
        self._passwords = passwords
        self._ownership = ownership
        self._post = post

    def send(self, phone: str, purpose: CodePurpose, ip: str) -> None:
        """Request a code. Known and unknown numbers take the same path and time: `deliver` decides afterwards
        whether a message is sent. Raises BudgetSpent, also for unknown numbers.
        """
        with self._uow:
            user = self._users.find_holder(phone=phone, ip=ip)
            self._keeper.ask(phone, purpose, ip, owner_id=user.id if user else None)

    def deliver(self, code_id: int, version: int) -> None:
        """Send a code if the number may have one; a repeated run sends the same digits."""
        self._post.ready_for_codes()
        with self._uow:
            code = self._keeper.find(code_id, version)
            user = self._recipient(code) if code else None
            if code is None or user is None:
                return
            confirmed = user.phone == code.phone and user.phone_verified
            if not self._keeper.affordable(code.phone, confirmed=confirmed):
                return
        minutes = int(CODE_LIFE.total_seconds()) // 60
        self._post.code(code.phone, code.purpose, user.locale, self._keeper.digits(code), minutes)

    def _recipient(self, code: SentCode) -> User | None:
        if code.user_id is not None:
            return self._users.find(code.user_id)
        return self._users.find_holder(phone=code.phone, provable=code.purpose != CodePurpose.VERIFY_PHONE)

    def sign_in(
        self,
        phone: str,
        digits: str,
        device: Device,
        caller: Principal | None = None,
        totp: str | None = None,
    ) -> Tokens:
        """Raises InvalidCode; for a right code also AccountBlocked, CodeRequired, TooManyTries."""
        code = self._keeper.compare(phone, CodePurpose.SIGN_IN, digits)
        with self._uow:
            user = self._owner(phone, device.ip, caller)
            # The second factor of an account that nobody has proven is removed, with all that was set up
            # before.
            proven = is_proven(user) and self._factors.is_on(user.id)
        if proven:
            if totp is None:
                raise CodeRequired
            self._factors.prove(user.id, totp)
        with self._uow:
            user = self._locked(user.id, phone)
            self._keeper.use(code)
            if not user.is_active:
                raise AccountBlocked
            if not proven and is_proven(user) and self._factors.is_on(user.id):
                raise CodeRequired
            self._claim(user, caller)
            return self._sessions.open(user.id, device)

    def verify_phone(
        self, phone: str, digits: str, ip: str = "", caller: Principal | None = None
    ) -> Verified:
        """Confirm the number of the caller's account, or of an account that nobody has proven yet.

        Raises InvalidCode; to a caller who has the phone also LogInNeeded, PhoneTaken.
        """
        code = self._keeper.compare(phone, CodePurpose.VERIFY_PHONE, digits)
        with self._uow:
            user = self._locked(self._owner(phone, ip, caller, provable=False).id, phone)
            self._keeper.use(code)
            self._claim(user, caller)
            return Verified()

    def reset_token(
        self, phone: str, digits: str, ip: str = "", caller: Principal | None = None
    ) -> ResetToken:
        """A token that sets a new password. Raises InvalidCode."""
        code = self._keeper.compare(phone, CodePurpose.RESET_PASSWORD, digits)
        with self._uow:
            user = self._locked(self._owner(phone, ip, caller).id, phone)
            self._keeper.use(code)
            self._claim(user, caller)
            return ResetToken(self._passwords.new_token(user, phone))

    def _owner(self, phone: str, ip: str, caller: Principal | None, *, provable: bool = True) -> User:
        """The account that a code is for: the caller's if it has the number, else the one that `find_holder`
        finds.
        """
        own = self._users.find(caller.user_id) if caller is not None else None
        if own is not None and own.phone == phone:
            return own
        found = self._users.find_holder(phone=phone, ip=ip, provable=True)
        if found is None and not provable:
            found = self._users.find_holder(phone=phone)
        if found is None:
            raise InvalidCode
        return found

    def _locked(self, user_id: int, phone: str) -> User:
        user = self._ownership.lock(user_id, Address.PHONE, phone)
        if user is None or user.phone != phone:
            raise InvalidCode
        return user

    def _claim(self, user: User, caller: Principal | None) -> None:
        own = caller is not None and caller.user_id == user.id
        is_second = user.email_verified and not user.phone_verified
        self._ownership.claim(user, Address.PHONE, Witness.SESSION if own else Witness.NOBODY)
        if is_second:
            # This is another way in, so tell the owner at the address that was confirmed first.
            self._post.notify(user, "phone_changed")
