"""The addresses of a user: confirm or change the e-mail address, change or remove the phone number."""

from datetime import timedelta

from marketplace.blueprints.accounts.contracts import UserEmailChanged, UserPhoneChanged
from marketplace.blueprints.accounts.errors import (
    EmailTaken,
    InvalidCode,
    InvalidToken,
    LogInNeeded,
    NoPhone,
    PhoneTaken,
    SameAddress,
    WrongCode,
)
from marketplace.blueprints.accounts.policies import VERIFY_EMAIL_HOURS
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.accounts.ports.proofs import TokenMaker, TokenRepository
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.blueprints.accounts.services.codes import CodeKeeper
from marketplace.blueprints.accounts.services.ownership import Address, Ownership, Witness
from marketplace.blueprints.accounts.services.post import Post
from marketplace.blueprints.accounts.services.registration import VERIFY_EMAIL
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import OneTimeToken, User

CHANGE_EMAIL = "change_email"
CHANGE_EMAIL_JOB = "accounts.change_email_mail"
CHANGE_PHONE = "change_phone"


class ContactService:
    """A new address must be confirmed, and the old one is told."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        one_time: TokenRepository,
        tokens: TokenMaker,
        keeper: CodeKeeper,
        ownership: Ownership,
        budgets: Budgets,
        post: Post,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._one_time = one_time
        self._tokens = tokens
        self._keeper = keeper
        self._ownership = ownership
        self._budgets = budgets
        self._post = post
        self._audit = audit
        self._clock = clock

    def ask_email(self, caller: Principal, email: str) -> None:
        """Add a job that mails a token to the new address. Raises SameAddress, EmailTaken, BudgetSpent."""
        with self._uow:
            user = self._users.get(caller.user_id)
            if user.email == email:
                raise SameAddress
            if self._users.is_confirmed(email=email, besides=user.id):
                raise EmailTaken
            self._budgets.require(paid=self._budgets.spend_mail(user.id, email))
            self._uow.enqueue(CHANGE_EMAIL_JOB, {"user_id": user.id, "email": email})

    def send_change_email(self, user_id: int, email: str) -> None:
        """Mail the token to the new address."""
        with self._uow:
            user = self._users.find(user_id)
            if user is None:
                return
            token = self._tokens.new_secret()
            self._one_time.add(
                OneTimeToken(
                    user_id=user.id,
                    purpose=CHANGE_EMAIL,
                    token_hash=self._tokens.digest(token),
                    target=email,
                    expires_at=self._clock.now() + timedelta(hours=VERIFY_EMAIL_HOURS),
                )
            )
        self._post.mail(
            email,
            "change_email",
            user.locale,
            hours=VERIFY_EMAIL_HOURS,
            secrets={"token": token},
        )

    def verify_email(self, token: str, caller: Principal | None = None) -> None:
        """Confirm the address that the token was sent to: the present one, or a new one, which only a session
        of the account can confirm.

        Raises InvalidToken, LogInNeeded, EmailTaken.
        """
        with self._uow:
            digest, purposes = self._tokens.digest(token), [VERIFY_EMAIL, CHANGE_EMAIL]
            found = self._one_time.find(purposes, digest, self._clock.now())
            if found is None:
                raise InvalidToken
            own = caller is not None and caller.user_id == found.user_id
            if found.purpose == CHANGE_EMAIL and not own:
                raise LogInNeeded("Log in to the account that changes its address, and send the token again")
            user = self._ownership.lock(found.user_id, Address.EMAIL, found.target)
            used = self._one_time.use(purposes, digest, self._clock.now())
            if user is None or used is None:
                raise InvalidToken
            if used.purpose == CHANGE_EMAIL:
                self._change_email(user, used.target)
            elif user.email != used.target:
                raise InvalidToken
            else:
                self._ownership.claim(user, Address.EMAIL, Witness.SESSION if own else Witness.SIGN_UP)

    def _change_email(self, user: User, email: str) -> None:
        if user.email is not None and user.email_verified:
            self._post.notify(user, "email_changed", to=user.email)
        self._ownership.adopt(user, Address.EMAIL, email)
        # Tokens that were mailed to the old address must no longer work.
        self._one_time.void(user.id, [VERIFY_EMAIL, "reset_password"])
        self._uow.record(UserEmailChanged(user_id=user.id))
        self._audit.write("user.email_changed", "user", user.id, actor=None)

    def ask_phone(self, caller: Principal, phone: str, ip: str) -> None:
        """Send a code to the new number. Raises SameAddress, PhoneTaken (somebody else confirmed it),
        BudgetSpent.
        """
        with self._uow:
            user = self._users.get(caller.user_id)
            if user.phone == phone and user.phone_verified:
                raise SameAddress
            if self._users.is_confirmed(phone=phone, besides=user.id):
                raise PhoneTaken
            self._keeper.ask(phone, CHANGE_PHONE, ip, owner_id=None, user_id=user.id)

    def confirm_phone(self, caller: Principal, phone: str, digits: str) -> None:
        """Make `phone` the caller's confirmed number; accounts that never confirmed it lose it.

        Raises WrongCode, PhoneTaken.
        """
        try:
            code = self._keeper.compare(phone, CHANGE_PHONE, digits, caller.user_id)
        except InvalidCode:
            raise WrongCode from None
        with self._uow:
            user = self._ownership.lock(caller.user_id, Address.PHONE, phone)
            if user is None:
                raise NotFound
            self._keeper.use(code)
            self._ownership.adopt(user, Address.PHONE, phone)
            self._phone_changed(caller)
            self._post.notify(user, "phone_changed")

    def remove_phone(self, caller: Principal) -> None:
        """Remove the own number. Raises NoPhone."""
        with self._uow:
            user = self._users.get(caller.user_id, lock=True)
            if user.phone is None:
                raise NoPhone
            user.phone, user.phone_verified = None, False
            self._phone_changed(caller)
            self._post.notify(user, "phone_changed")

    def _phone_changed(self, caller: Principal) -> None:
        self._one_time.void(caller.user_id, ["reset_password"])
        self._uow.record(UserPhoneChanged(user_id=caller.user_id))
        self._audit.write("user.phone_changed", "user", caller.user_id, actor=caller)
