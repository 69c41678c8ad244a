"""Interfaces that the services of notifications need, and the views that they return."""

from collections.abc import Iterator, Mapping, Sequence
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
    """Notifications."""

    def add(
        self, user_id: int, event_id: UUID, topic: str, data: Mapping[str, Any], at: datetime
    ) -> NotificationView | None:
        """Store once for each event and user; None when the user has been told of this event before."""
        ...

    def list_of(self, user_id: int, page: PageRequest, *, unread: bool) -> Page[NotificationView]:
        """Newest first; only the unread ones on request."""
        ...

    def mark_read(self, user_id: int, ids: Sequence[int] | None, up_to_id: int | None, at: datetime) -> int:
        """Mark those of `ids`, or all up to `up_to_id`, in one statement; returns how many were unread."""
        ...

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """All notifications of a user, for the copy of the user's data."""
        ...

    def forget(self, user_id: int) -> None:
        """Delete all notifications of a user; nobody else ever sees them."""
        ...
