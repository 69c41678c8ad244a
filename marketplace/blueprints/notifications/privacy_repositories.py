"""The SQL of what notifications hold on one user."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import delete, select

from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.notifications import Notification


class SqlNotificationRecords(SqlRepository):
    """What a user was told."""

    def notifications(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export."""
        return stream_rows(
            self.session,
            select(
                Notification.id,
                Notification.topic,
                Notification.data,
                Notification.read_at,
                Notification.created_at,
            )
            .where(Notification.user_id == user_id)
            .order_by(Notification.id),
        )

    def forget(self, user_id: int) -> None:
        """Nobody else ever sees them."""
        statement = delete(Notification).where(Notification.user_id == user_id)
        self.session.execute(statement, execution_options={"synchronize_session": False})
