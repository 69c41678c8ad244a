"""Sessions: opens, refreshes, lists and ends them, and finds the caller of a token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.blueprints.accounts.contracts import SessionRevoked
from marketplace.blueprints.accounts.errors import InvalidRefreshToken
from marketplace.blueprints.accounts.policies import ACT_AS, REFRESH_GRACE_SECONDS, SESSION_LIFE
from marketplace.blueprints.accounts.ports.people import SessionRepository, SessionView
from marketplace.blueprints.accounts.ports.proofs import TokenMaker
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound, Unauthenticated
from marketplace.kernel.identity import AccessClaims, Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import UserSession

MAX_DEVICE = 255


@dataclass(frozen=True)
class Device:
    """The device of a sign-in."""

    name: str = ""
    ip: str = ""


@dataclass(frozen=True)
class Tokens:
    """A pair of tokens and their user; `expires_in` is the access token's life in seconds."""

    user_id: int
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name


@dataclass(frozen=True)
class Acting:
    """The token of an admin who acts as a user; `expires_in` is its life in seconds."""

    access_token: str
    expires_in: int
    user_id: int
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name


class SessionService:
    """Opens, refreshes, lists and ends sessions, and finds the caller of a token."""

    def __init__(
        self,
        uow: UnitOfWork,
        sessions: SessionRepository,
        tokens: TokenMaker,
        audit: AuditLog,
        clock: Clock,
        refresh_seconds: int,
    ) -> None:
        self._uow = uow
        self._sessions = sessions
        self._tokens = tokens
        self._audit = audit
        self._clock = clock
        self._life = timedelta(seconds=refresh_seconds)

    def open(self, user_id: int, device: Device) -> Tokens:
        """Open a session for a user whose identity is proven."""
        with self._uow:
            now = self._clock.now()
            session = self._new(user_id, device, now, now + min(self._life, SESSION_LIFE))
            self._sessions.add(session)
            refresh = self._tokens.first_refresh(session.id)
            session.refresh_hash = self._tokens.digest(refresh)
            return self._pair(user_id, session.id, refresh)

    def _new(self, user_id: int, device: Device, now: datetime, expires_at: datetime) -> UserSession:
        return UserSession(
            user_id=user_id,
            # A placeholder until the database has given the id that the token names.
            refresh_hash=self._tokens.digest(self._tokens.new_secret()),
            device=device.name[:MAX_DEVICE],
            ip=device.ip,
            created_at=now,
            last_seen_at=now,
            expires_at=expires_at,
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """The next pair. A token works once: a second use within the grace of `REFRESH_GRACE_SECONDS` gets
        the same successor (an honest parallel refresh). Any other use of a token that is not the last one
        revokes the session, however old the token is: it or a successor of it is stolen (RFC 9700, 4.14.2).

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
            last = session.created_at + SESSION_LIFE
            if session.acting_admin_id is not None or last <= now:
                return None
            successor = self._tokens.next_refresh(refresh_token)
            if session.refresh_hash == digest:
                session.previous_hash = digest
                session.refresh_hash = self._tokens.digest(successor)
                session.rotated_at = now
                session.last_seen_at = now
                session.expires_at = min(now + self._life, last)
            elif not self._in_grace(session, digest, now):
                # Only a token that was really issued ends the session, because ids can be guessed.
                if self._tokens.is_ours(refresh_token):
                    self.end([session.user_id], only=session.id)
                return None
            return self._pair(session.user_id, session.id, successor)

    @staticmethod
    def _in_grace(session: UserSession, digest: bytes, now: datetime) -> bool:
        grace = timedelta(seconds=REFRESH_GRACE_SECONDS)
        if session.rotated_at is None or session.previous_hash != digest:
            return False
        return now - session.rotated_at <= grace

    def logout(self, caller: Principal) -> None:
        """End the session of the caller."""
        with self._uow:
            self.end([caller.user_id], only=caller.session_id)

    def list_own(self, caller: Principal, page: PageRequest) -> Page[SessionView]:
        """Where the caller is signed in, newest first."""
        return self._sessions.list_live(caller.user_id, page, self._clock.now(), caller.session_id)

    def end_own(self, caller: Principal, session_id: int) -> None:
        """End one of the caller's sessions. Raises NotFound."""
        with self._uow:
            if not self.end([caller.user_id], only=session_id):
                raise NotFound

    def end_others(self, caller: Principal) -> None:
        """End all of the caller's sessions except the current one."""
        with self._uow:
            self.end([caller.user_id], besides=caller.session_id)

    def end(self, user_ids: Sequence[int], *, only: int | None = None, besides: int | None = None) -> int:
        """End sessions of users: `only` one, or all `besides` one; returns how many."""
        with self._uow:
            ended = self._sessions.revoke(user_ids, self._clock.now(), only=only, besides=besides)
            self._uow.record_many(
                [SessionRevoked(user_id=user_id, session_id=session_id) for user_id, session_id in ended]
            )
            return len(ended)

    def act_as(self, admin: Principal, user_id: int, device: Device) -> Acting:
        """Open a session in which `admin` acts as the user; it ends by itself and has no refresh token."""
        with self._uow:
            now = self._clock.now()
            session = self._new(user_id, device, now, now + ACT_AS)
            session.acting_admin_id = admin.user_id
            self._sessions.add(session)
            seconds = int(ACT_AS.total_seconds())
            token, _ = self._tokens.access(user_id, session.id, now, seconds)
            return Acting(token, seconds, user_id)

    def witness(self, caller: Principal, what: str) -> None:
        """Write what an admin does as a user to the audit log."""
        with self._uow:
            self._audit.write("user.act", "user", caller.user_id, actor=caller, after={"request": what})

    def authenticate(self, token: str) -> Principal:
        """The caller of an access token, with the rights of this moment. One query.

        Raises Unauthenticated for a token that is foreign, expired or revoked, or of a blocked user.
        """
        return self.recognise(self.read(token))

    def read(self, token: str) -> AccessClaims:
        """The caller that an access token names, by its signature and date alone, without a query.

        Raises Unauthenticated for a token that is foreign or expired.
        """
        return self._tokens.read_access(token, self._clock.now())

    def recognise(self, claims: AccessClaims) -> Principal:
        """The caller that a token named, with the rights of this moment. One query.

        Raises Unauthenticated when the token has expired since, its session has ended, or the user is
        blocked.
        """
        now = self._clock.now()
        if now >= claims.expires_at:
            raise Unauthenticated("The access token has expired")
        found = self._sessions.find_principal(claims.session_id, claims.user_id, now)
        if found is None:
            raise Unauthenticated("The session has ended; log in again")
        principal, is_active = found
        if not is_active:
            raise Unauthenticated("This account is blocked")
        return principal

    def expires_at(self, token: str) -> datetime:
        """The time when a valid access token ends. Raises Unauthenticated for any other."""
        return self._tokens.read_access(token, self._clock.now()).expires_at

    def alive(self, session_ids: set[int]) -> set[int]:
        """Those of the sessions that still let their user in."""
        return self._sessions.alive(session_ids, self._clock.now())

    def _pair(self, user_id: int, session_id: int, refresh: str) -> Tokens:
        access, life = self._tokens.access(user_id, session_id, self._clock.now())
        return Tokens(user_id=user_id, access_token=access, refresh_token=refresh, expires_in=life)
