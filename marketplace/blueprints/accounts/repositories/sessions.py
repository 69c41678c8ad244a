"""The SQL of sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from marketplace.blueprints.accounts.ports.people import SessionRepository, SessionView
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.identity import ADMIN, Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import SecondFactor, User, UserSession
from marketplace.models.performers import Performer

_SHOWN: tuple[Any, ...] = (
    UserSession.id,
    UserSession.device,
    UserSession.ip,
    UserSession.created_at,
    UserSession.last_seen_at,
    UserSession.expires_at,
)
_ADMIN = aliased(User)
# An admin may act as a user only while still an admin.
_ADMIN_STAYS = or_(
    UserSession.acting_admin_id.is_(None),
    exists().where(
        _ADMIN.id == UserSession.acting_admin_id,
        _ADMIN.roles.contains([ADMIN]),
        _ADMIN.is_active,
        _ADMIN.deleted_at.is_(None),
    ),
)

# Runs at every request of a signed-in caller: compiled once, and without ORM (bench/authentication.py).
_PRINCIPAL = str(
    select(
        User.roles,
        User.is_active,
        or_(User.email_verified, User.phone_verified),
        Performer.id,
        Performer.status,
        UserSession.created_at,
        UserSession.acting_admin_id,
        SecondFactor.confirmed_at,
    )
    .join(UserSession, UserSession.user_id == User.id)
    .outerjoin(Performer, Performer.user_id == User.id)
    .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
    .where(
        UserSession.id == bindparam("session_id"),
        User.id == bindparam("user_id"),
        User.deleted_at.is_(None),
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > bindparam("at"),
    )
    .compile(dialect=postgresql.dialect(paramstyle="pyformat"))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it unannotated
)


class SqlSessionRepository(SqlRepository, SessionRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(self, session: UserSession) -> None:
        self.session.add(session)
        self.session.flush()

    def find(self, session_id: int) -> UserSession | None:
        statement = (
            select(UserSession)
            .where(UserSession.id == session_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return self.session.execute(statement).scalar_one_or_none()

    def list_live(self, user_id: int, page: PageRequest, at: datetime, current: int) -> Page[SessionView]:
        statement = (
            select(*_SHOWN)
            .where(
                UserSession.user_id == user_id,
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > at,
                UserSession.acting_admin_id.is_(None),
            )
            .order_by(UserSession.id.desc())
        )
        found = fetch_page(
            self.session, statement, page, self._signer, name="sessions", filters={"user": user_id}
        )
        items = [SessionView(**row._mapping, current=row.id == current) for row in found.items]
        return Page(items, found.next, found.previous)

    def revoke(
        self, user_ids: Sequence[int], at: datetime, *, only: int | None = None, besides: int | None = None
    ) -> list[tuple[int, int]]:
        statement = (
            update(UserSession)
            .where(UserSession.user_id.in_(user_ids), UserSession.revoked_at.is_(None))
            .values(revoked_at=at)
            .returning(UserSession.user_id, UserSession.id)
        )
        if only is not None:
            statement = statement.where(UserSession.id == only)
        else:
            # Sessions of years ago need not be announced as ended.
            statement = statement.where(UserSession.expires_at > at)
        if besides is not None:
            statement = statement.where(UserSession.id != besides)
        rows = self.write(statement)
        return [(user_id, session_id) for user_id, session_id in rows]

    def knows_address(self, user_id: int, ip: str, since: datetime) -> bool:
        seen = exists().where(
            UserSession.user_id == user_id,
            UserSession.ip == ip,
            UserSession.last_seen_at > since,
            UserSession.acting_admin_id.is_(None),
        )
        return bool(self.session.scalar(select(seen)))

    def find_principal(self, session_id: int, user_id: int, at: datetime) -> tuple[Principal, bool] | None:
        values = {"session_id": session_id, "user_id": user_id, "at": at}
        row = self.session.connection().exec_driver_sql(_PRINCIPAL, values).one_or_none()
        if row is None:
            return None
        roles, is_active, verified, performer_id, performer_status, signed_in_at, admin_id, factor = row
        if admin_id is not None and not self.alive({session_id}, at):
            return None
        principal = Principal(
            user_id=user_id,
            session_id=session_id,
            roles=frozenset(roles),
            verified=verified,
            performer_id=performer_id,
            performer_status=performer_status,
            signed_in_at=signed_in_at,
            second_factor=factor is not None,
            acting_admin_id=admin_id,
        )
        return principal, is_active

    def alive(self, session_ids: set[int], at: datetime) -> set[int]:
        statement = (
            select(UserSession.id)
            .join(User, User.id == UserSession.user_id)
            .where(
                UserSession.id.in_(session_ids),
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > at,
                User.is_active,
                User.deleted_at.is_(None),
                _ADMIN_STAYS,
            )
        )
        return set(self.session.scalars(statement))

    def purge(self, before: datetime, life: timedelta) -> None:
        statement = delete(UserSession).where(
            # An ended session expires later, so the index on expiry can serve.
            UserSession.expires_at < before + life,
            or_(UserSession.expires_at < before, UserSession.revoked_at < before),
        )
        self.write(statement)
