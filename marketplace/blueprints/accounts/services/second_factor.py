"""The second factor: TOTP (RFC 6238) and recovery codes; each code works once."""

import base64
import secrets
from dataclasses import dataclass

from marketplace.blueprints.accounts.contracts import SecondFactorChanged
from marketplace.blueprints.accounts.errors import (
    InvalidCode,
    StaffKeepsFactor,
    TooManyTries,
    TotpEnabled,
    TotpNotEnabled,
    WrongCode,
)
from marketplace.blueprints.accounts.policies import RECOVERY_CODES, TOTP_FAILURES, TOTP_WINDOW
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.accounts.ports.proofs import SecondFactorRepository, TokenMaker, TotpCodes
from marketplace.blueprints.accounts.services.post import Post
from marketplace.blueprints.accounts.services.sessions import SessionService
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

RECOVERY_BYTES = 10
"""80 bits, too many for a table of hashes."""


@dataclass(frozen=True)
class NewFactor:
    """Input for an authenticator app: `uri` is the content of the QR code."""

    secret: str
    uri: str


@dataclass(frozen=True)
class RecoveryCodes:
    """Recovery codes, shown once; each works once in place of a code of the app."""

    recovery_codes: list[str]


class SecondFactorService:
    """Sets up, verifies and removes second factors."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        factors: SecondFactorRepository,
        codes: TotpCodes,
        tokens: TokenMaker,
        sessions: SessionService,
        post: Post,
        audit: AuditLog,
        clock: Clock,
        *,
        staff_must: bool,
    ) -> None:
        self._uow = uow
        self._users = users
        self._factors = factors
        self._codes = codes
        self._tokens = tokens
        self._sessions = sessions
        self._post = post
        self._audit = audit
        self._clock = clock
        self._staff_must = staff_must

    def is_on(self, user_id: int) -> bool:
        """Whether a log-in needs a code."""
        with self._uow:
            return self._factors.is_on(user_id)

    def begin(self, caller: Principal) -> NewFactor:
        """Make a new secret; it takes effect once `confirm` has seen a code of it. Raises TotpEnabled."""
        secret, encrypted = self._codes.new_secret()
        with self._uow:
            user = self._users.get(caller.user_id)
            if not self._factors.begin(user.id, encrypted):
                raise TotpEnabled
            return NewFactor(secret, self._codes.address(secret, user.username))

    def confirm(self, caller: Principal, code: str) -> RecoveryCodes:
        """Switch the second factor on, and end all other sessions, which have not proven it.

        Raises WrongCode, TooManyTries, TotpEnabled, TotpNotEnabled.
        """
        with self._uow:
            # Locked, so a log-in that did not see the factor either has opened its session by now, or will
            # see the factor.
            self._users.get(caller.user_id, lock=True)
            step = self._try_totp(caller.user_id, code, confirmed=False)
            if step is not None:
                return self._switch_on(caller, step)
        raise WrongCode

    def _switch_on(self, caller: Principal, step: int) -> RecoveryCodes:
        user = self._users.get(caller.user_id)
        self._factors.accept(user.id, step)
        self._factors.confirm(user.id, self._clock.now())
        self._sessions.end([user.id], besides=caller.session_id)
        self._uow.record(SecondFactorChanged(user_id=user.id, enabled=True))
        self._audit.write("user.second_factor_on", "user", user.id, actor=caller)
        self._post.notify(user, "second_factor_on")
        return self._new_recovery_codes(user.id)

    def prove(self, user_id: int, code: str) -> None:
        """Verify a code of the app, or a recovery code, in a transaction of its own, because wrong ones are
        counted.

        Raises InvalidCode, TooManyTries.
        """
        if not (self._prove_by_app(user_id, code) or self._prove_by_recovery_code(user_id, code)):
            raise InvalidCode

    def _prove_by_app(self, user_id: int, code: str) -> bool:
        with self._uow:
            step = self._try_totp(user_id, code, confirmed=True)
            if step is None:
                return False
            self._factors.accept(user_id, step)
            return True

    def _prove_by_recovery_code(self, user_id: int, code: str) -> bool:
        with self._uow:
            digest = self._tokens.digest(_plain(code))
            if not self._factors.use_recovery_code(user_id, digest, self._clock.now()):
                return False
            self._factors.accept(user_id, None)
            user = self._users.find(user_id)
            # The user of a deleted account that is being restored is not found, and is told of the restore
            # instead.
            if user is not None:
                self._post.notify(user, "recovery_code_used")
            return True

    def remove(self, caller: Principal) -> None:
        """Switch it off. Raises TotpNotEnabled; StaffKeepsFactor where staff must have one."""
        if caller.is_staff and self._staff_must:
            raise StaffKeepsFactor
        with self._uow:
            if not self._factors.remove(caller.user_id):
                raise TotpNotEnabled
            user = self._users.get(caller.user_id)
            self._uow.record(SecondFactorChanged(user_id=user.id, enabled=False))
            self._audit.write("user.second_factor_off", "user", user.id, actor=caller)
            self._post.notify(user, "second_factor_off")

    def reset(self, username: str) -> None:
        """For the operator: remove it from a user who lost it, and end all sessions. Raises NotFound,
        TotpNotEnabled.
        """
        with self._uow:
            user = self._users.find_by_login(username)
            if user is None:
                raise NotFound("There is no such user")
            if not self._factors.remove(user.id):
                raise TotpNotEnabled
            self._sessions.end([user.id])
            self._uow.record(SecondFactorChanged(user_id=user.id, enabled=False))
            self._audit.write("user.second_factor_reset", "user", user.id, actor=None)
            self._post.notify(user, "second_factor_off")

    def renew_recovery_codes(self, caller: Principal) -> RecoveryCodes:
        """Make new ones in place of the old. Raises TotpNotEnabled."""
        with self._uow:
            if not self._factors.is_on(caller.user_id):
                raise TotpNotEnabled
            self._audit.write("user.recovery_codes_renewed", "user", caller.user_id, actor=caller)
            return self._new_recovery_codes(caller.user_id)

    def _try_totp(self, user_id: int, code: str, *, confirmed: bool) -> int | None:
        """The time step of `code`, if the code is right and later than the last one that was used. The try is
        counted; the row stays locked until the end of the transaction.
        """
        now = self._clock.now()
        factor = self._factors.take_try(user_id, now, TOTP_FAILURES, now - TOTP_WINDOW)
        if factor is None:
            if self._factors.exists(user_id):
                raise TooManyTries(retry_after=int(TOTP_WINDOW.total_seconds()))
            raise TotpNotEnabled
        if factor.confirmed != confirmed:
            raise TotpEnabled if factor.confirmed else TotpNotEnabled
        step = self._codes.matching_step(factor.secret, code, now)
        if step is None or (factor.last_step is not None and step <= factor.last_step):
            return None
        return step

    def _new_recovery_codes(self, user_id: int) -> RecoveryCodes:
        codes = [_written(secrets.token_bytes(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
        self._factors.set_recovery_codes(user_id, [self._tokens.digest(_plain(code)) for code in codes])
        return RecoveryCodes(codes)


def _written(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _plain(code: str) -> str:
    return code.replace("-", "").replace(" ", "").lower()
