"""Passwords: forgotten, reset, changed."""

from datetime import timedelta

from marketplace.blueprints.accounts.contracts import PasswordChanged
from marketplace.blueprints.accounts.errors import InvalidToken
from marketplace.blueprints.accounts.policies import RESET_BY_PHONE, RESET_HOURS, RESET_MAILS, holds
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.accounts.ports.proofs import TokenMaker, TokenRepository
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.blueprints.accounts.services.credentials import Credentials
from marketplace.blueprints.accounts.services.ownership import Address, Ownership
from marketplace.blueprints.accounts.services.post import Post
from marketplace.blueprints.accounts.services.sessions import SessionService
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import OneTimeToken, User

RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose
RESET_JOB = "accounts.reset_mail"


class PasswordService:
    """Setting a password ends the other sessions: one of them may be the reason for it."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        one_time: TokenRepository,
        credentials: Credentials,
        tokens: TokenMaker,
        sessions: SessionService,
        ownership: Ownership,
        budgets: Budgets,
        post: Post,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._one_time = one_time
        self._credentials = credentials
        self._tokens = tokens
        self._sessions = sessions
        self._ownership = ownership
        self._budgets = budgets
        self._post = post
        self._audit = audit
        self._clock = clock

    def forgot(self, email: str, ip: str) -> None:
        """Add a job that mails a token, if there is such an account: known and unknown addresses take the
        same path and time (ASVS 6.3.8). Raises BudgetSpent, also for unknown ones.
        """
        with self._uow:
            user = self._users.find_holder(email=email, ip=ip, provable=True)
            owner = user.id if user else None
            paid = self._budgets.spend_guarded("reset_mails", email.lower(), RESET_MAILS, owner, ip)
            self._budgets.require(paid=paid)
            self._uow.enqueue(RESET_JOB, {"email": email, "user_id": owner})

    def send_reset(self, email: str, user_id: int | None = None) -> None:
        """Mail the token, if the address may prove who owns the account (policies.may_prove). The account is
        the one that was found at the request, unless somebody else has confirmed the address since.
        """
        with self._uow:
            user = self._users.find_holder(email=email, provable=True)
            if user is not None and not user.email_verified and user_id is not None:
                chosen = self._users.find(user_id)
                if chosen is not None and (chosen.email or "").lower() == email.lower():
                    user = chosen
            if user is None or user.email is None or not holds(user, user.email):
                return
            to = user.email
            token = self.new_token(user, to, timedelta(hours=RESET_HOURS))
        self._post.mail(
            to,
            "reset_password",
            user.locale,
            name=self._post.name_for(user),
            hours=RESET_HOURS,
            secrets={"token": token},
        )

    def new_token(self, user: User, target: str, life: timedelta = RESET_BY_PHONE) -> str:
        """A token that sets a new password; `target` is the address that proved who owns the account."""
        with self._uow:
            token = self._tokens.new_secret()
            self._one_time.add(
                OneTimeToken(
                    user_id=user.id,
                    purpose=RESET_PASSWORD,
                    token_hash=self._tokens.digest(token),
                    target=target,
                    expires_at=self._clock.now() + life,
                )
            )
            return token

    def reset(self, token: str, password: str) -> None:
        """Set a new password with a token; all sessions end. A refused password does not use up the token.

        Raises InvalidToken, WeakPassword.
        """
        digest = self._tokens.digest(token)
        with self._uow:
            found = self._one_time.find([RESET_PASSWORD], digest, self._clock.now())
            user = self._users.find(found.user_id) if found else None
            if found is None or user is None:
                raise InvalidToken
        password_hash = self._credentials.hashed(password, user.username)
        with self._uow:
            # Lock the user before the token, as everywhere, to avoid deadlocks.
            address = Address.EMAIL if "@" in found.target else Address.PHONE
            user = self._ownership.lock(user.id, address, found.target)
            used = self._one_time.use([RESET_PASSWORD], digest, self._clock.now())
            if used is None or user is None or not holds(user, used.target):
                # Somebody was faster, or the address has changed since, or it no longer proves anything.
                raise InvalidToken
            self._ownership.recover(user, address)
            self._set(user, password_hash)
            self._audit.write("user.password_reset", "user", user.id, actor=None)

    def change(self, caller: Principal, current: str, new: str, ip: str) -> None:
        """Set a new password; all other sessions end, and so do the links to copies of the data.

        Raises WrongPassword, TooManyTries, WeakPassword.
        """
        proof = self._credentials.prove_own(caller.user_id, current, ip)
        with self._uow:
            user = self._users.get(caller.user_id)
        password_hash = self._credentials.hashed(new, user.username, field="new_password")
        with self._uow:
            user = self._credentials.accept(proof)
            self._set(user, password_hash)
            self._sessions.end([user.id], besides=caller.session_id)
            self._audit.write("user.password_changed", "user", user.id, actor=caller)

    def _set(self, user: User, password_hash: str) -> None:
        self._users.set_password_hash(user.id, password_hash)
        # Tokens mailed before may be in the hands of the person who made the change necessary.
        self._one_time.void(user.id, [RESET_PASSWORD, "change_email"])
        self._uow.record(PasswordChanged(user_id=user.id))
        self._post.notify(user, "password_changed")
