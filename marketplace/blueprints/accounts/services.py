"""The use cases of accounts; one public method is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace.blueprints.accounts import policies
from marketplace.blueprints.accounts.changes import FREE_FIELDS, MODERATED_FIELDS, SUBJECT
from marketplace.blueprints.accounts.errors import (
    InvalidCredentials,
    InvalidRefreshToken,
    InvalidToken,
    UserBlocked,
    WeakPassword,
)
from marketplace.blueprints.accounts.events import (
    SessionRevoked,
    UserProfileChanged,
    UserRegistered,
    UserVerified,
)
from marketplace.blueprints.accounts.ports import (
    ChangeQueue,
    Mailer,
    PasswordHasher,
    SessionRepository,
    TokenMaker,
    TokenRepository,
    UserRepository,
)
from marketplace.kernel.changes import apply, diff
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import PreconditionFailed, Unauthenticated
from marketplace.kernel.identity import ADMIN, Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import OneTimeToken, User, UserSession

MAX_DEVICE = 255


@dataclass(frozen=True)
class Device:
    """Where a sign-in comes from."""

    name: str = ""
    ip: str = ""


@dataclass(frozen=True)
class Tokens:
    """A pair of tokens; `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name


@dataclass(frozen=True)
class Profile:
    """A user as the user sees it."""

    user: User
    performer_id: int | None
    pending_changes: Sequence[object] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.user, name)


@dataclass(frozen=True)
class SignedUp:
    """What sign-up gives back."""

    user: Profile
    tokens: Tokens


class SessionService:
    """Log-in, refresh, log-out, and who a token belongs to."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        sessions: SessionRepository,
        hasher: PasswordHasher,
        tokens: TokenMaker,
        clock: Clock,
        refresh_seconds: int,
    ) -> None:
        self._uow = uow
        self._users = users
        self._sessions = sessions
        self._hasher = hasher
        self._tokens = tokens
        self._clock = clock
        self._life = timedelta(seconds=refresh_seconds)
        # Verified for an unknown login, so that it takes as long as a known one (ASVS 6.3.8).
        self._nobody = hasher.hash(tokens.new_secret())

    def login(self, login: str, password: str, device: Device) -> Tokens:
        """Raises InvalidCredentials; UserBlocked to somebody who knows the password."""
        with self._uow:
            user = self._users.find_by_login(login)
            known = self._hasher.verify(user.password_hash if user else self._nobody, password)
            if user is None or not known or user.deleted_at is not None:
                raise InvalidCredentials
            if not user.is_active:
                raise UserBlocked
            if self._hasher.needs_rehash(user.password_hash):
                self._users.set_password_hash(user.id, self._hasher.hash(password))
            return self.open(user.id, device)

    def open(self, user_id: int, device: Device) -> Tokens:
        """A new session for a user whose identity is proven."""
        with self._uow:
            now = self._clock.now()
            session = UserSession(
                user_id=user_id,
                # Stands in until the database has given the id that the token names.
                refresh_hash=self._tokens.digest(self._tokens.new_secret()),
                device=device.name[:MAX_DEVICE],
                ip=device.ip,
                created_at=now,
                last_seen_at=now,
                expires_at=now + self._life,
            )
            self._sessions.add(session)
            refresh = self._tokens.first_refresh(session.id)
            session.refresh_hash = self._tokens.digest(refresh)
            return self._pair(user_id, session.id, refresh)

    def refresh(self, refresh_token: str) -> Tokens:
        """The next pair. A token works once: a second use within the grace of
        `REFRESH_GRACE_SECONDS` gets the same successor (an honest parallel refresh). Any other use of a
        token that is not the last one revokes the session, however old the token is: it or a successor
        of it is stolen (RFC 9700, 4.14.2).

        Raises InvalidRefreshToken.
        """
        found = self._rotate(refresh_token)
        if found is None:
            raise InvalidRefreshToken
        return found

    def _rotate(self, refresh_token: str) -> Tokens | None:
        session_id = self._tokens.session_of(refresh_token)
        if session_id is None:
            return None
        with self._uow:
            now = self._clock.now()
            digest = self._tokens.digest(refresh_token)
            session = self._sessions.find(session_id)
            if session is None or session.revoked_at is not None or session.expires_at <= now:
                return None
            successor = self._tokens.next_refresh(refresh_token)
            if session.refresh_hash == digest:
                session.previous_hash = digest
                session.refresh_hash = self._tokens.digest(successor)
                session.rotated_at = now
                session.last_seen_at = now
                session.expires_at = now + self._life
            elif not self._in_grace(session, digest, now):
                # Only what was once given out ends the session: ids can be guessed.
                if self._tokens.is_ours(refresh_token):
                    self._end(session.user_id, session.id)
                return None
            return self._pair(session.user_id, session.id, successor)

    @staticmethod
    def _in_grace(session: UserSession, digest: bytes, now: datetime) -> bool:
        grace = timedelta(seconds=policies.REFRESH_GRACE_SECONDS)
        if session.rotated_at is None or session.previous_hash != digest:
            return False
        return now - session.rotated_at <= grace

    def logout(self, caller: Principal) -> None:
        """End the session of the caller."""
        with self._uow:
            self._end(caller.user_id, caller.session_id)

    def authenticate(self, token: str) -> Principal:
        """The caller that an access token stands for, with the rights of this moment. One query.

        Raises Unauthenticated for a token that is not ours, expired or revoked, or of a blocked user.
        """
        now = self._clock.now()
        claims = self._tokens.read_access(token, now)
        found = self._sessions.find_principal(claims.session_id, claims.user_id, now)
        if found is None:
            raise Unauthenticated("The session has ended; log in again")
        principal, is_active = found
        if not is_active:
            raise Unauthenticated("This account is blocked")
        return principal

    def expires_at(self, token: str) -> datetime:
        """When a valid access token ends. Raises Unauthenticated for any other."""
        return self._tokens.read_access(token, self._clock.now()).expires_at

    def alive(self, session_ids: set[int]) -> set[int]:
        """Those of the sessions that still let their user in."""
        return self._sessions.alive(session_ids, self._clock.now())

    def _end(self, user_id: int, session_id: int) -> None:
        if self._sessions.revoke(session_id, self._clock.now()):
            self._uow.record(SessionRevoked(user_id=user_id, session_id=session_id))

    def _pair(self, user_id: int, session_id: int, refresh: str) -> Tokens:
        access, life = self._tokens.access(user_id, session_id, self._clock.now())
        return Tokens(access_token=access, refresh_token=refresh, expires_in=life)


class RegistrationService:
    """How accounts come to be, and how an address is confirmed."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        one_time: TokenRepository,
        hasher: PasswordHasher,
        tokens: TokenMaker,
        sessions: SessionService,
        mailer: Mailer,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._one_time = one_time
        self._hasher = hasher
        self._tokens = tokens
        self._sessions = sessions
        self._mailer = mailer
        self._clock = clock

    def sign_up(self, values: Mapping[str, Any], device: Device) -> SignedUp:
        """A new account and its first session.

        Raises WeakPassword, UsernameTaken, EmailTaken, PhoneTaken.
        """
        with self._uow:
            user = self._create(values)
            self._uow.record(UserRegistered(user_id=user.id))
            return SignedUp(user=Profile(user, None), tokens=self._sessions.open(user.id, device))

    def create_admin(self, username: str, email: str, password: str) -> int:
        """An admin whose e-mail counts as confirmed; returns the id. Raises as `sign_up` does."""
        values = {
            "username": username,
            "email": email,
            "password": password,
            "first_name": username,
            "last_name": "",
        }
        with self._uow:
            user = self._create(values, roles=[ADMIN], email_verified=True)
            return user.id

    def _create(self, values: Mapping[str, Any], **extra: Any) -> User:
        rest = {key: value for key, value in values.items() if key != "password" and value is not None}
        problems = policies.password_problems(values["password"], rest["username"])
        if problems:
            raise WeakPassword(errors={"json": {"password": problems}})
        user = User(**rest, **extra, password_hash=self._hasher.hash(values["password"]))
        self._users.add(user)
        return user

    def send_welcome(self, user_id: int) -> None:
        """Mail the new user the token that confirms the address; an earlier mail's token stays good."""
        with self._uow:
            user = self._users.get(user_id)
            if user.email_verified or user.deleted_at is not None:
                return
            now = self._clock.now()
            token = self._tokens.new_secret()
            self._one_time.add(
                OneTimeToken(
                    user_id=user.id,
                    purpose="verify_email",
                    token_hash=self._tokens.digest(token),
                    target=user.email,
                    expires_at=now + timedelta(hours=policies.VERIFY_EMAIL_HOURS),
                )
            )
        self._mailer.send(
            to=user.email,
            topic="welcome",
            subject="Welcome! Please confirm your e-mail address",
            text=(
                f"Hello {user.first_name},\n\nthank you for joining. Confirm your e-mail address with this"
                f" token within {policies.VERIFY_EMAIL_HOURS} hours:\n\n{token}\n"
            ),
            data={"token": token},
        )

    def verify_email(self, token: str) -> None:
        """Confirm the address that the token was sent to. Raises InvalidToken."""
        with self._uow:
            used = self._one_time.use("verify_email", self._tokens.digest(token), self._clock.now())
            if used is None or not self._users.mark_email_verified(used.user_id, used.target):
                raise InvalidToken
            self._uow.record(UserVerified(user_id=used.user_id))


class ProfileService:
    """The own profile; once there is a performer profile, moderated fields wait for staff."""

    def __init__(self, uow: UnitOfWork, users: UserRepository, queue: ChangeQueue) -> None:
        self._uow = uow
        self._users = users
        self._queue = queue

    def get(self, caller: Principal) -> Profile:
        """The caller's own profile with what is pending."""
        return self._profile(self._users.get(caller.user_id), caller.performer_id)

    def update(self, caller: Principal, values: Mapping[str, Any], expected: int | None) -> Profile:
        """Apply `values`; those of moderated fields become change requests for a performer.

        Raises PreconditionFailed when the profile is no longer at version `expected`.
        """
        with self._uow:
            user = self._users.get(caller.user_id, lock=True)
            if expected is not None and user.version != expected:
                raise PreconditionFailed
            moderated = MODERATED_FIELDS if caller.performer_id is not None else {}
            free = (FREE_FIELDS | MODERATED_FIELDS) if caller.performer_id is None else FREE_FIELDS
            changes = diff(user, {k: v for k, v in values.items() if k in free}, free)
            waiting = diff(user, {k: v for k, v in values.items() if k in moderated}, moderated)
            if changes:
                apply(user, changes, free)
                self._uow.record(UserProfileChanged(user_id=user.id))
            if waiting:
                self._queue.submit(SUBJECT, user.id, user.id, waiting)
        return self._profile(user, caller.performer_id)

    def _profile(self, user: User, performer_id: int | None) -> Profile:
        pending = self._queue.pending(SUBJECT, user.id) if performer_id is not None else ()
        return Profile(user, performer_id, pending)
