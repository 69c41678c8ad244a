"""The use cases of notifications inside the program."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from marketplace.blueprints.notifications.ports import NotificationRepository
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

PUSH_JOB = "notifications.push"


class NotificationService:
    """Stores what users are told, once for each event."""

    def __init__(self, uow: UnitOfWork, notifications: NotificationRepository, clock: Clock) -> None:
        self._uow = uow
        self._notifications = notifications
        self._clock = clock

    def tell(self, user_id: int, event_id: UUID, topic: str, data: Mapping[str, Any]) -> None:
        """Store a notification and push it after the commit; a repeated event changes nothing."""
        with self._uow:
            made = self._notifications.add(user_id, event_id, topic, data, self._clock.now())
            if made is not None:
                payload = {"user_id": user_id, "id": made.id, "topic": topic, "data": dict(data)}
                self._uow.enqueue(PUSH_JOB, payload)

    def mark_read(
        self, caller: Principal, ids: Sequence[int] | None = None, up_to_id: int | None = None
    ) -> int:
        """Mark own notifications; foreign ids are skipped. Returns how many were unread."""
        with self._uow:
            return self._notifications.mark_read(caller.user_id, ids, up_to_id, self._clock.now())
