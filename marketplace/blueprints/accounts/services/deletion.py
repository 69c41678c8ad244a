"""Deletion in two steps: hidden at once, taken back for a while, then anonymised; docs/decisions/0013."""

from datetime import timedelta

from marketplace.blueprints.accounts.errors import CodeRequired, InvalidToken, LastAdmin, UserBlocked
from marketplace.blueprints.accounts.events import UserAnonymised, UserDeleted, UserRestored
from marketplace.blueprints.accounts.policies import (
    ANONYMISE_BATCH,
    NO_PASSWORD,
    RESTORE_DAYS,
    holds,
    is_proven,
)
from marketplace.blueprints.accounts.ports import AuditLog, TokenMaker, TokenRepository, UserRepository
from marketplace.blueprints.accounts.privacy_ports import AccountRecords, ChangeRequests
from marketplace.blueprints.accounts.services.ownership import Address, Ownership, Witness
from marketplace.blueprints.accounts.services.post import Post
from marketplace.blueprints.accounts.services.second_factor import SecondFactorService
from marketplace.blueprints.accounts.services.sessions import Device, SessionService, Tokens
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import PreconditionFailed
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import OneTimeToken, User
from marketplace.models.privacy import DELETED_NAME, anonymous_email

RESTORE_ACCOUNT = "restore_account"
RESTORE_JOB = "accounts.restore_mail"
ANONYMISE_JOB = "accounts.anonymise"
ANONYMISE_ONE_JOB = "accounts.anonymise_user"
UNTIL = timedelta(days=RESTORE_DAYS)


class DeletionService:
    """Accounts come to an end, or not after all."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        records: AccountRecords,
        one_time: TokenRepository,
        tokens: TokenMaker,
        sessions: SessionService,
        factors: SecondFactorService,
        ownership: Ownership,
        changes: ChangeRequests,
        post: Post,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._records = records
        self._one_time = one_time
        self._tokens = tokens
        self._sessions = sessions
        self._factors = factors
        self._ownership = ownership
        self._changes = changes
        self._post = post
        self._audit = audit
        self._clock = clock

    def delete(self, caller: Principal, expected: int | None) -> None:
        """Hide the account from everybody, its user too, and leave a job that mails how to take it back.

        Raises PreconditionFailed when the account is no longer at version `expected`, LastAdmin, and what a
        domain has against it: an order may be open.
        """
        with self._uow:
            # Admins before users: the order in which staff's decisions lock them.
            admins = self._users.lock_admins() if caller.is_admin else set()
            user = self._users.get(caller.user_id, lock=True)
            if expected is not None and user.version != expected:
                raise PreconditionFailed
            if admins == {user.id}:
                raise LastAdmin
            user.deleted_at = self._clock.now()
            self._sessions.end([user.id])
            self._uow.record(UserDeleted(user_id=user.id))
            self._audit.write("user.deleted", "user", user.id, actor=caller)
            self._uow.enqueue(RESTORE_JOB, {"user_id": user.id})

    def send_restore(self, user_id: int) -> None:
        """Send the token that takes the deletion back: by mail, or to the phone when only that is known to
        be the user's (policies.may_prove).
        """
        with self._uow:
            user = self._records.find_deleted(user_id)
            if user is None or user.deleted_at is None:
                return
            by_mail = user.email is not None and holds(user, user.email)
            target = user.email if by_mail or user.phone is None else user.phone
            if target is None:
                return
            token = self._tokens.new_secret()
            self._one_time.add(
                OneTimeToken(
                    user_id=user.id,
                    purpose=RESTORE_ACCOUNT,
                    token_hash=self._tokens.digest(token),
                    target=target,
                    expires_at=user.deleted_at + UNTIL,
                )
            )
        if target == user.phone:
            self._post.restore_text(target, user.locale, token, RESTORE_DAYS)
        else:
            secrets = {"token": token}
            self._post.mail(
                target,
                "account_deleted",
                user.locale,
                name=self._post.name_for(user),
                days=RESTORE_DAYS,
                secrets=secrets,
            )

    def restore(self, token: str, device: Device, code: str | None = None) -> Tokens:
        """Take a deletion back with the token that was sent, once, and sign the user in.

        Raises InvalidToken; for a right one UserBlocked, and as a log-in CodeRequired, InvalidCode and
        TooManyTries, none of which spends the token.
        """
        digest = self._tokens.digest(token)
        with self._uow:
            found = self._one_time.find([RESTORE_ACCOUNT], digest, self._clock.now())
            user = self._records.find_deleted(found.user_id) if found else None
        if found is None or user is None:
            raise InvalidToken
        # The factor of an account that nobody has proven goes, with all that was set up before.
        if is_proven(user) and self._factors.is_on(found.user_id):
            if code is None:
                raise CodeRequired
            self._factors.prove(found.user_id, code)
        with self._uow:
            # The user before the token, as in `anonymise`.
            address = Address.EMAIL if "@" in found.target else Address.PHONE
            self._ownership.lock(found.user_id, address, found.target)
            user = self._records.find_deleted(found.user_id, lock=True)
            used = self._one_time.use([RESTORE_ACCOUNT], digest, self._clock.now())
            if user is None or used is None or not holds(user, used.target):
                # Somebody was faster: the owner, the end of the time, or who has proven the address.
                raise InvalidToken
            if not user.is_active:
                raise UserBlocked
            user.deleted_at = None
            self._ownership.claim(user, address, Witness.NOBODY)
            self._uow.record(UserRestored(user_id=user.id))
            self._audit.write("user.restored", "user", user.id, actor=None)
            self._post.notify(user, "account_restored")
            return self._sessions.open(user.id, device)

    def enqueue_due(self, after_id: int = 0) -> None:
        """A job for each account whose time is over: one that cannot be anonymised keeps back no other."""
        with self._uow:
            due = self._records.list_due(self._clock.now() - UNTIL, after_id, ANONYMISE_BATCH)
            for one in due:
                # The same account may be deleted, restored and deleted again.
                key = f"{ANONYMISE_ONE_JOB}:{one.user_id}:{int(one.deleted_at.timestamp())}"
                self._uow.enqueue(ANONYMISE_ONE_JOB, {"user_id": one.user_id}, key=key)
            if len(due) == ANONYMISE_BATCH:
                self._uow.enqueue(ANONYMISE_JOB, {"after_id": due[-1].user_id})

    def anonymise(self, user_id: int) -> None:
        """Remove what is held on a user for good; what others need stays without the name."""
        with self._uow:
            now = self._clock.now()
            user = self._records.lock_due(user_id, now - UNTIL)
            if user is None:
                return
            self._records.erase(user.id, user.email, user.phone)
            _blank(user, self._records.free_name(user.id))
            user.anonymised_at = now
            self._uow.record(UserAnonymised(user_id=user.id))
            # After the domains: an approval locks what is edited first, then the change request.
            self._changes.forget(user.id, now)
            self._audit.write("user.anonymised", "user", user.id, actor=None)


def _blank(user: User, name: str) -> None:
    user.username, user.email, user.email_verified = name, anonymous_email(name), False
    user.phone, user.phone_verified = None, False
    user.first_name, user.last_name, user.avatar_key = DELETED_NAME, "", None
    user.password_hash = NO_PASSWORD
    user.locale, user.timezone = "en", "UTC"
    user.roles = []
    # Whether the account was blocked stays; why may name people, and stands in the audit log.
    user.blocked_reason = None
