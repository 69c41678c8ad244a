"""Registration: creates accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from marketplace.blueprints.accounts.contracts import UserRegistered
from marketplace.blueprints.accounts.errors import EmailTaken, EmailVerified, NoEmail, PhoneTaken
from marketplace.blueprints.accounts.policies import VERIFY_EMAIL_HOURS
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.accounts.ports.proofs import TokenMaker, TokenRepository
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.blueprints.accounts.services.credentials import Credentials
from marketplace.blueprints.accounts.services.post import Post
from marketplace.blueprints.accounts.services.profile import Profile
from marketplace.blueprints.accounts.services.sessions import Device, SessionService, Tokens
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import ADMIN, Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import OneTimeToken, User

VERIFY_EMAIL = "verify_email"
WELCOME_JOB = "accounts.welcome"


@dataclass(frozen=True)
class SignedUp:
    """The result of sign-up."""

    user: Profile
    tokens: Tokens


class RegistrationService:
    """Creates accounts, and mails the token that confirms their address."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        one_time: TokenRepository,
        credentials: Credentials,
        tokens: TokenMaker,
        sessions: SessionService,
        budgets: Budgets,
        post: Post,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._one_time = one_time
        self._credentials = credentials
        self._tokens = tokens
        self._sessions = sessions
        self._budgets = budgets
        self._post = post
        self._clock = clock

    def hashed(self, password: str, username: str) -> str:
        """The hash that `sign_up` takes. Raises WeakPassword."""
        return self._credentials.hashed(password, username)

    def sign_up(self, values: Mapping[str, Any], password_hash: str, device: Device) -> SignedUp:
        """Create an account and its first session. Raises UsernameTaken, EmailTaken, PhoneTaken."""
        with self._uow:
            self._require_free(values["email"], values.get("phone"))
            user = self._create(values, password_hash)
            self._uow.record(UserRegistered(user_id=user.id))
            return SignedUp(user=Profile.of(user, None), tokens=self._sessions.open(user.id, device))

    def create_admin(self, username: str, email: str, password: str) -> int:
        """Create an admin whose e-mail counts as confirmed; returns the id. Raises as `sign_up` does."""
        values = {"username": username, "email": email, "first_name": username, "last_name": ""}
        password_hash = self._credentials.hashed(password, username)
        with self._uow:
            user = self._create(values, password_hash, roles=[ADMIN], email_verified=True)
            return user.id

    def _require_free(self, email: str, phone: str | None) -> None:
        """Only a confirmed address belongs to somebody. Two concurrent sign-ups have confirmed nothing yet;
        the database decides which of them confirms first (uq_user_email_confirmed).
        """
        if self._users.is_confirmed(email=email):
            raise EmailTaken
        if phone is not None and self._users.is_confirmed(phone=phone):
            raise PhoneTaken

    def _create(self, values: Mapping[str, Any], password_hash: str, **extra: Any) -> User:
        user = User(**values, **extra, password_hash=password_hash)
        self._users.add(user)
        return user

    def resend(self, caller: Principal) -> None:
        """Request another mail that confirms the own address. Raises EmailVerified, BudgetSpent."""
        with self._uow:
            user = self._users.get(caller.user_id)
            if user.email is None:
                raise NoEmail
            if user.email_verified:
                raise EmailVerified
            self._budgets.require(paid=self._budgets.spend_mail(user.id, user.email))
            self._uow.enqueue(WELCOME_JOB, {"user_id": user.id})

    def welcome(self, user_id: int) -> None:
        """Add a job that mails a new user, unless the address has had its mails for today."""
        with self._uow:
            user = self._users.get(user_id)
            if user.email is not None and self._budgets.spend_mail(user.id, user.email):
                self._uow.enqueue(WELCOME_JOB, {"user_id": user.id})

    def send_welcome(self, user_id: int) -> None:
        """Mail the user the token that confirms the address; it replaces an earlier one."""
        with self._uow:
            user = self._users.find(user_id)
            if user is None or user.email is None or user.email_verified:
                return
            email, token = user.email, self._tokens.new_secret()
            self._one_time.add(
                OneTimeToken(
                    user_id=user.id,
                    purpose=VERIFY_EMAIL,
                    token_hash=self._tokens.digest(token),
                    target=email,
                    expires_at=self._clock.now() + timedelta(hours=VERIFY_EMAIL_HOURS),
                )
            )
        self._post.mail(
            email,
            "welcome",
            user.locale,
            hours=VERIFY_EMAIL_HOURS,
            secrets={"token": token},
        )
