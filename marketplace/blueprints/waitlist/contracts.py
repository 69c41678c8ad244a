"""Events of the waiting list."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class WaitlistEvent(DomainEvent):
    """The fields that all events of the waiting list have; `date` is a local day of the performer."""

    name: ClassVar[str] = "waitlist"
    customer_id: int
    performer_id: int
    date: str


@dataclass(frozen=True, kw_only=True)
class WaitlistJoined(WaitlistEvent):
    """A customer waits for a day of a performer."""

    name: ClassVar[str] = "waitlist.joined"


@dataclass(frozen=True, kw_only=True)
class WaitlistLeft(WaitlistEvent):
    """A customer waits no longer for a day; an offer to the customer has ended with it."""

    name: ClassVar[str] = "waitlist.left"


@dataclass(frozen=True, kw_only=True)
class WaitlistOffered(WaitlistEvent):
    """Time is kept for a customer who waited for the day, until `expires_at` (RFC 3339)."""

    name: ClassVar[str] = "waitlist.offered"
    service_id: int
    starts_at: str
    expires_at: str


@dataclass(frozen=True, kw_only=True)
class WaitlistOfferLapsed(WaitlistEvent):
    """An offer ended without an order; `waiting` says whether the customer is still on the list."""

    name: ClassVar[str] = "waitlist.offer_lapsed"
    waiting: bool
