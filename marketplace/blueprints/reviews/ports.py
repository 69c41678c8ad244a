"""What the services of reviews need."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class ReviewView:
    """A review with all that anybody may see of it; schemas choose."""

    id: int
    order_id: int
    author_id: int
    author_first_name: str
    author_last_name: str
    direction: str
    performer_id: int
    performer_user_id: int
    customer_id: int
    rating: int
    text: str
    note_to_staff: str | None
    reply: str | None
    replied_at: datetime | None
    publish_at: datetime
    published_at: datetime | None
    hidden_at: datetime | None
    hidden_reason: str | None
    created_at: datetime

    @property
    def author(self) -> dict[str, Any]:
        """The author as others see people: first name and initial."""
        return {
            "id": self.author_id,
            "first_name": self.author_first_name,
            "last_name": self.author_last_name[:1],
            "avatar_url": None,
        }


@dataclass(frozen=True)
class ReviewedOrder:
    """What a review needs to know of its order."""

    id: int
    status: str
    customer_id: int
    performer_id: int
    performer_user_id: int
    completed_at: datetime | None


@dataclass(frozen=True)
class RatingSummary:
    """How a customer was rated; `average` is None under three reviews."""

    count: int
    average: float | None


class ReviewRepository(Protocol):
    def lock_order(self, order_id: int) -> None:
        """Those who write about one order take turns, so that the second sees the first."""
        ...

    def add(self, values: Mapping[str, Any]) -> int: ...

    def find(self, review_id: int, *, lock: bool = False) -> ReviewView | None: ...

    def list_of_order(self, order_id: int) -> list[ReviewView]: ...

    def publish(self, review_ids: list[int], at: datetime) -> None: ...

    def due(self, at: datetime) -> list[ReviewView]:
        """A batch of unpublished reviews whose time is up, locked; locked ones are left out."""
        ...

    def set_reply(self, review_id: int, text: str, at: datetime) -> bool:
        """False when there is one."""
        ...

    def set_hidden(self, review_id: int, at: datetime | None, reason: str | None) -> None: ...

    def count(self, performer_id: int, rating: int, sign: int) -> None:
        """Add (`sign` 1) or take away (-1) one rating of the performer, in one UPDATE."""
        ...

    def recount(self) -> int:
        """Make the performers' figures equal to their published reviews; how many were wrong."""
        ...

    def list_public(self, performer_id: int, page: PageRequest) -> Page[ReviewView]: ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[ReviewView]: ...

    def summary_of_customer(self, customer_id: int) -> tuple[int, int]:
        """How many published ratings, and their sum."""
        ...


class OrderLookup(Protocol):
    def __call__(self, order_id: int) -> ReviewedOrder | None: ...


class AuditLog(Protocol):
    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None: ...
