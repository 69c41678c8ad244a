"""The SQL of notifications."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.blueprints.notifications.ports import NotificationRepository, NotificationView
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.notifications import Notification

_COLUMNS: tuple[Any, ...] = (
    Notification.id,
    Notification.topic,
    Notification.data,
    Notification.read_at,
    Notification.created_at,
)


class SqlNotificationRepository(SqlRepository, NotificationRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(
        self, user_id: int, event_id: UUID, topic: str, data: Mapping[str, Any], at: datetime
    ) -> NotificationView | None:
        statement = (
            insert(Notification)
            .values(user_id=user_id, event_id=event_id, topic=topic, data=dict(data), created_at=at)
            .on_conflict_do_nothing(index_elements=[Notification.event_id, Notification.user_id])
            .returning(*_COLUMNS)
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else NotificationView(**row._mapping)

    def list_of(self, user_id: int, page: PageRequest, *, unread: bool) -> Page[NotificationView]:
        statement = select(*_COLUMNS).where(Notification.user_id == user_id).order_by(Notification.id.desc())
        if unread:
            statement = statement.where(Notification.read_at.is_(None))
        filters = {"user": user_id, "unread": unread}
        found = fetch_page(self.session, statement, page, self._signer, name="notifications", filters=filters)
        return Page([NotificationView(**row._mapping) for row in found.items], found.next, found.previous)

    def mark_read(self, user_id: int, ids: Sequence[int] | None, up_to_id: int | None, at: datetime) -> int:
        statement = (
            update(Notification)
            .where(Notification.user_id == user_id, Notification.read_at.is_(None))
            .values(read_at=at)
        )
        if ids is not None:
            statement = statement.where(Notification.id.in_(ids))
        if up_to_id is not None:
            statement = statement.where(Notification.id <= up_to_id)
        return self.session.connection().execute(statement).rowcount

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        statement = select(*_COLUMNS).where(Notification.user_id == user_id).order_by(Notification.id)
        return stream_rows(self.session, statement)

    def forget(self, user_id: int) -> None:
        statement = delete(Notification).where(Notification.user_id == user_id)
        self.write(statement)
