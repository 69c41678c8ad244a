"""The SQL of accounts."""

from datetime import datetime

from sqlalchemy import func, or_, select, update

from marketplace.database.repository import SqlRepository
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.models.accounts import OneTimeToken, User, UserSession
from marketplace.models.performers import Performer


class SqlUserRepository(SqlRepository):
    """Users."""

    def add(self, user: User) -> None:
        """Store a new user."""
        self.session.add(user)
        self.session.flush()

    def get(self, user_id: int, *, lock: bool = False) -> User:
        """Raises NotFound."""
        statement = select(User).where(User.id == user_id, User.deleted_at.is_(None))
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        found = self.session.execute(statement).scalar_one_or_none()
        if found is None:
            raise NotFound
        return found

    def find_by_login(self, login: str) -> User | None:
        """By username, e-mail or phone; the three cannot be mistaken for each other, since a username
        holds no @ and does not begin with +.
        """
        lowered = login.lower()
        statement = select(User).where(
            or_(func.lower(User.username) == lowered, func.lower(User.email) == lowered, User.phone == login)
        )
        return self.session.execute(statement).scalar_one_or_none()

    def performer_id_of(self, user_id: int) -> int | None:
        """The user's performer profile, if there is one."""
        return self.session.scalar(select(Performer.id).where(Performer.user_id == user_id))

    def set_password_hash(self, user_id: int, password_hash: str) -> None:
        """Without a new version."""
        statement = update(User).where(User.id == user_id).values(password_hash=password_hash)
        self.session.execute(statement, execution_options={"synchronize_session": False})

    def mark_email_verified(self, user_id: int, email: str) -> bool:
        """False when the user's address is another by now."""
        statement = (
            update(User)
            .where(User.id == user_id, User.email == email, User.deleted_at.is_(None))
            .values(email_verified=True, version=User.version + 1)
            .returning(User.id)
        )
        return self.session.scalar(statement) is not None


class SqlSessionRepository(SqlRepository):
    """Sign-ins."""

    def add(self, session: UserSession) -> None:
        """Store a new session."""
        self.session.add(session)
        self.session.flush()

    def find(self, session_id: int) -> UserSession | None:
        """Locked, so that parallel refreshes take turns."""
        statement = (
            select(UserSession)
            .where(UserSession.id == session_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return self.session.execute(statement).scalar_one_or_none()

    def revoke(self, session_id: int, at: datetime) -> bool:
        """False when it was revoked before."""
        statement = (
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
            .values(revoked_at=at)
            .returning(UserSession.id)
        )
        return self.session.scalar(statement) is not None

    def find_principal(self, session_id: int, user_id: int, at: datetime) -> tuple[Principal, bool] | None:
        """The caller by the rights of this moment and whether the user is active."""
        statement = (
            select(
                User.roles,
                User.is_active,
                or_(User.email_verified, User.phone_verified),
                Performer.id,
                Performer.status,
            )
            .join(UserSession, UserSession.user_id == User.id)
            .outerjoin(Performer, Performer.user_id == User.id)
            .where(
                UserSession.id == session_id,
                User.id == user_id,
                User.deleted_at.is_(None),
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > at,
            )
        )
        row = self.session.execute(statement).one_or_none()
        if row is None:
            return None
        roles, is_active, verified, performer_id, performer_status = row
        principal = Principal(
            user_id=user_id,
            session_id=session_id,
            roles=frozenset(roles),
            verified=verified,
            performer_id=performer_id,
            performer_status=performer_status,
        )
        return principal, is_active

    def alive(self, session_ids: set[int], at: datetime) -> set[int]:
        """Those that still let their user in; one query."""
        statement = (
            select(UserSession.id)
            .join(User, User.id == UserSession.user_id)
            .where(
                UserSession.id.in_(session_ids),
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > at,
                User.is_active,
                User.deleted_at.is_(None),
            )
        )
        return set(self.session.scalars(statement))


class SqlTokenRepository(SqlRepository):
    """Tokens sent by mail."""

    def add(self, token: OneTimeToken) -> None:
        """Store a new token."""
        self.session.add(token)
        self.session.flush()

    def use(self, purpose: str, token_hash: bytes, at: datetime) -> OneTimeToken | None:
        """Of many callers at once, one gets the row."""
        statement = (
            update(OneTimeToken)
            .where(
                OneTimeToken.token_hash == token_hash,
                OneTimeToken.purpose == purpose,
                OneTimeToken.used_at.is_(None),
                OneTimeToken.expires_at > at,
            )
            .values(used_at=at)
            .returning(OneTimeToken)
        )
        return self.session.execute(statement).scalar_one_or_none()
