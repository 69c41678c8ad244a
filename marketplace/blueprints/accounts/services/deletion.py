"""Deletion of accounts: hidden at once, restorable for a while, emptied after that; docs/decisions/0013."""

from marketplace.blueprints.accounts.contracts import (
    RESTORE_TIME,
    UserDeleted,
    UserRestored,
)
from marketplace.blueprints.accounts.errors import AccountBlocked, CodeRequired, InvalidToken, LastAdmin
from marketplace.blueprints.accounts.policies import (
    NO_PASSWORD,
    holds,
    is_proven,
)
from marketplace.blueprints.accounts.ports.people import AccountRecords, UserRepository
from marketplace.blueprints.accounts.ports.proofs import TokenMaker, TokenRepository
from marketplace.blueprints.accounts.services.ownership import Address, Ownership, Witness
from marketplace.blueprints.accounts.services.post import Post
from marketplace.blueprints.accounts.services.second_factor import SecondFactorService
from marketplace.blueprints.accounts.services.sessions import Device, SessionService, Tokens
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.changes import check_version
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import OneTimeToken, User
from marketplace.models.privacy import DELETED_NAME, anonymous_email

RESTORE_ACCOUNT = "restore_account"
RESTORE_JOB = "accounts.restore_mail"


class DeletionService:
    """Deletes accounts, restores and empties them."""

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
        self._post = post
        self._audit = audit
        self._clock = clock

    def delete(self, caller: Principal, expected: int | None) -> None:
        """Hide the account from everybody, including its user, and add a job that mails how to take it back.

        Raises PreconditionFailed when the account is no longer at version `expected`, LastAdmin, and whatever
        a domain objects with, for example an open order.
        """
        with self._uow:
            # Lock admins before users, in the same order as staff's decisions. Whoever has no second factor
            # may be an admin, whatever rights the caller has just now.
            admins = self._users.lock_admins()
            user = self._users.get(caller.user_id, lock=True)
            check_version(user.version, expected)
            if admins == {user.id}:
                raise LastAdmin
            user.deleted_at = self._clock.now()
            self._sessions.end([user.id])
            self._uow.record(UserDeleted(user_id=user.id))
            self._audit.write("user.deleted", "user", user.id, actor=caller)
            self._uow.enqueue(RESTORE_JOB, {"user_id": user.id})

    def send_restore(self, user_id: int) -> None:
        """Send the token that takes the deletion back: by mail, or to the phone when only the phone is proven
        to be the user's (policies.may_prove).
        """
        with self._uow:
            user = self._users.find_deleted(user_id)
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
                    expires_at=user.deleted_at + RESTORE_TIME,
                )
            )
        if target == user.phone:
            self._post.restore_text(target, user.locale, token, RESTORE_TIME.days)
        else:
            secrets = {"token": token}
            self._post.mail(
                target,
                "account_deleted",
                user.locale,
                name=self._post.name_for(user),
                days=RESTORE_TIME.days,
                secrets=secrets,
            )

    def restore(self, token: str, device: Device, code: str | None = None) -> Tokens:
        """Take a deletion back with the token that was sent, once, and sign the user in.

        Raises InvalidToken; for a right token also AccountBlocked, and as a log-in does CodeRequired,
        InvalidCode and TooManyTries. None of these uses up the token.
        """
        digest = self._tokens.digest(token)
        with self._uow:
            found = self._one_time.find([RESTORE_ACCOUNT], digest, self._clock.now())
            user = self._users.find_deleted(found.user_id) if found else None
        if found is None or user is None:
            raise InvalidToken
        # The second factor of an account that nobody has proven is removed, with all that was set up before.
        if is_proven(user) and self._factors.is_on(found.user_id):
            if code is None:
                raise CodeRequired
            self._factors.prove(found.user_id, code)
        with self._uow:
            # Lock the user before the token, as `anonymise` does.
            address = Address.EMAIL if "@" in found.target else Address.PHONE
            self._ownership.lock(found.user_id, address, found.target)
            user = self._users.find_deleted(found.user_id, lock=True)
            used = self._one_time.use([RESTORE_ACCOUNT], digest, self._clock.now())
            if user is None or used is None or not holds(user, used.target):
                # Something else was faster: the owner, the deadline, or somebody who has proven the address.
                raise InvalidToken
            if not user.is_active:
                raise AccountBlocked
            user.deleted_at = None
            self._ownership.claim(user, address, Witness.NOBODY)
            self._uow.record(UserRestored(user_id=user.id))
            self._audit.write("user.restored", "user", user.id, actor=None)
            self._post.notify(user, "account_restored")
            return self._sessions.open(user.id, device)

    def empty(self, user_id: int) -> None:
        """Remove for good what accounts holds on a deleted user, within the transaction that removes it
        everywhere; rows that others need stay without the name.
        """
        with self._uow:
            user = self._users.find_deleted(user_id, lock=True)
            if user is None:
                return
            self._records.erase(user.id, user.email, user.phone)
            _blank(user, self._records.free_name(user.id))
            user.anonymised_at = self._clock.now()


def _blank(user: User, name: str) -> None:
    user.username, user.email, user.email_verified = name, anonymous_email(name), False
    user.phone, user.phone_verified = None, False
    user.first_name, user.last_name, user.avatar_key = DELETED_NAME, "", None
    user.password_hash = NO_PASSWORD
    user.locale, user.timezone = "en", "UTC"
    user.roles = []
    # Whether the account was blocked stays. The reason may name people, and stands in the audit log.
    user.blocked_reason = None
