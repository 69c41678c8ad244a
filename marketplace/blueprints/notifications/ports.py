"""What the services of notifications need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class NotificationView:
    """A notification as its user sees it."""

    id: int
    topic: str
    data: dict[str, Any]
    read_at: datetime | None
    created_at: datetime


class NotificationRepository(Protocol):
    def add(
        self, user_id: int, event_id: UUID, topic: str, data: Mapping[str, Any], at: datetime
    ) -> NotificationView | None:
        """None when this event has been told to the user before."""
        ...

    def list_of(self, user_id: int, page: PageRequest, *, unread: bool) -> Page[NotificationView]: ...

    def mark_read(self, user_id: int, ids: Sequence[int] | None, up_to_id: int | None, at: datetime) -> int:
        """Those of `ids`, or all up to `up_to_id`; how many were unread."""
        ...
