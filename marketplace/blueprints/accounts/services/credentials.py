"""Verifies, checks and hashes passwords; no transaction is open while one is hashed."""

from dataclasses import dataclass

from marketplace.blueprints.accounts.errors import (
    InvalidCredentials,
    TooManyTries,
    WeakPassword,
    WrongPassword,
)
from marketplace.blueprints.accounts.policies import FAILED_LOGINS, NO_PASSWORD, password_problems
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.accounts.ports.proofs import PasswordHasher, TokenMaker
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.kernel.addresses import address_form
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import User

SCOPE = "failed_logins"


@dataclass(frozen=True)
class Proof:
    """The result of a right password: the hash that it matched, and a new hash to store if the parameters
    have been raised since.
    """

    user_id: int
    password_hash: str
    better_hash: str | None


class Credentials:
    """Verifies passwords. Wrong tries are counted by account (policies.FAILED_LOGINS)."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        hasher: PasswordHasher,
        tokens: TokenMaker,
        budgets: Budgets,
    ) -> None:
        self._uow = uow
        self._users = users
        self._hasher = hasher
        self._budgets = budgets
        # Verified for an unknown login, so that it takes as long as a known one (ASVS 6.3.8).
        self._nobody = hasher.hash(tokens.new_secret())

    def prove(self, login: str, password: str, ip: str) -> Proof:
        """Find the user by username, e-mail or phone. Raises InvalidCredentials, TooManyTries."""
        with self._uow:
            user = self._users.find_by_login(login, ip)
            self._count(user, login, ip)
        return self._verified(user, password)

    def prove_own(self, user_id: int, password: str, ip: str) -> Proof:
        """For a user who is signed in already. Raises WrongPassword, TooManyTries."""
        with self._uow:
            user = self._users.get(user_id)
            self._count(user, "", ip)
        try:
            return self._verified(user, password)
        except InvalidCredentials:
            # 401 would tell a client to sign in again.
            raise WrongPassword(errors={"json": {"current_password": ["This is not it."]}}) from None

    def accept(self, proof: Proof) -> User:
        """The user, locked, in the transaction that the proof is for. Raises InvalidCredentials when the
        password was changed in between.
        """
        user = self._users.get(proof.user_id, lock=True)
        if user.password_hash != proof.password_hash:
            raise InvalidCredentials
        if proof.better_hash is not None:
            self._users.set_password_hash(user.id, proof.better_hash)
        self._budgets.refund(SCOPE, _key(user))
        return user

    def hashed(self, password: str, *personal: str, field: str = "password") -> str:
        """The hash of a new password. Raises WeakPassword with every reason, at `field`."""
        problems = password_problems(password, *personal)
        if problems:
            raise WeakPassword(errors={"json": {field: problems}})
        return self._hasher.hash(password)

    def _count(self, user: User | None, login: str, ip: str) -> None:
        """Count the try as wrong before the result is known, so that concurrent tries cannot exceed the
        limit.
        """
        key = _key(user) if user else f"login:{address_form(login)}"
        if not self._budgets.spend_guarded(SCOPE, key, FAILED_LOGINS, user.id if user else None, ip):
            raise TooManyTries(retry_after=3600)

    def _verified(self, user: User | None, password: str) -> Proof:
        """Always verify one hash: a dummy hash for an unknown login or an account without a password."""
        stored = NO_PASSWORD if user is None else user.password_hash
        known = self._hasher.verify(self._nobody if stored == NO_PASSWORD else stored, password)
        if user is None or not known or stored == NO_PASSWORD:
            raise InvalidCredentials
        better = self._hasher.hash(password) if self._hasher.needs_rehash(stored) else None
        return Proof(user.id, stored, better)


def _key(user: User) -> str:
    return f"user:{user.id}"
