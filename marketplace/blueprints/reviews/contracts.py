"""Events of reviews."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ReviewEvent(DomainEvent):
    """The fields that all events of reviews have."""

    name: ClassVar[str] = "review"
    review_id: int
    order_id: int
    author_id: int
    performer_id: int
    customer_id: int
    direction: str


@dataclass(frozen=True, kw_only=True)
class ReviewWritten(ReviewEvent):
    """A review was written, and waits for the other party or the end of its time."""

    name: ClassVar[str] = "review.written"


@dataclass(frozen=True, kw_only=True)
class ReviewPublished(ReviewEvent):
    name: ClassVar[str] = "review.published"


@dataclass(frozen=True, kw_only=True)
class ReviewReplied(ReviewEvent):
    name: ClassVar[str] = "review.replied"


@dataclass(frozen=True, kw_only=True)
class ReviewHidden(ReviewEvent):
    name: ClassVar[str] = "review.hidden"


@dataclass(frozen=True, kw_only=True)
class ReviewRestored(ReviewEvent):
    name: ClassVar[str] = "review.restored"
