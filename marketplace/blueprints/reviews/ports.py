"""What the services of reviews need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class ReviewView:
    """A review with all that anybody may see of it; schemas choose."""

    id: int
    order_id: int
    author_id: int
    author_first_name: str
    author_last_name: str
    author_avatar_key: str | None
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
            "avatar_url": media_url(self.author_avatar_key),
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

    def find(self, review_id: int) -> ReviewView | None: ...

    def lock(self, review_ids: Sequence[int]) -> list[ReviewView]:
        """Those that exist, by id, locked until the end of the transaction."""
        ...

    def list_of_order(self, order_id: int) -> list[ReviewView]: ...

    def publish_of_order(self, order_id: int, at: datetime) -> list[ReviewView]:
        """Publish what is not published yet; returns what this call published, by id."""
        ...

    def publish_due(self, at: datetime, limit: int) -> list[ReviewView]:
        """Publish up to `limit` reviews whose time is up; locked ones are left for the next time."""
        ...

    def set_reply(self, review_id: int, text: str, at: datetime) -> bool:
        """False when there is one."""
        ...

    def set_hidden(self, review_ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        """Hide, or show again with None."""
        ...

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        ...

    def count(self, ratings: Sequence[tuple[int, int]], sign: int) -> None:
        """Add (`sign` 1) or take away (-1) ratings, given as (performer id, 1 to 5), in one UPDATE."""
        ...

    def recount(self, after: int, limit: int) -> tuple[int | None, int]:
        """Make the figures of the next `limit` performers behind the id `after` equal to their published
        reviews. Returns the last id looked at (None at the end), and how many figures were wrong.
        """
        ...

    def list_public(self, performer_id: int, page: PageRequest) -> Page[ReviewView]: ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[ReviewView]: ...

    def summary_of_customer(self, customer_id: int) -> tuple[int, int]:
        """How many published ratings, and their sum."""
        ...


class OrderLookup(Protocol):
    def __call__(self, order_id: int) -> ReviewedOrder | None: ...


class AuditLog(Protocol):
    def write_many(
        self,
        action: str,
        subject_type: str,
        subjects: Sequence[tuple[int | None, Any, Any]],
        *,
        actor: Principal | None,
        reason: str | None = None,
    ) -> None:
        """One entry for each (id, before, after)."""
        ...
