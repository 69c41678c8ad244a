"""What the service of slots needs, and the views that it hands on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True)
class FreeTime:
    """When a performer is free, rising and apart; for a service that takes `duration_minutes`."""

    timezone: str
    duration_minutes: int
    spans: Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True)
class Slot:
    """When a booking may start, and would end."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class SlotsView:
    """The slots of a service, rising; they overlap, for each is a choice."""

    timezone: str
    duration_minutes: int
    items: Sequence[Slot]


@dataclass(frozen=True)
class TimeCheck:
    """What speaks against a booking at a time, how far it has to be from booked orders, and how long before
    it the performer wants to know.
    """

    outside_schedule: bool
    too_short_notice: bool
    gap: timedelta
    notice: timedelta


class SlotRepository(Protocol):
    """When performers are free, each in one statement: as of one moment, whatever changes meanwhile."""

    def find_free(
        self, performer_id: int, service_id: int, start: datetime, end: datetime, now: datetime
    ) -> FreeTime | None:
        """None when the public may not see the performer or the service."""
        ...

    def check(self, performer_id: int, starts_at: datetime, ends_at: datetime, now: datetime) -> TimeCheck:
        """Raises NotFound when there is no such performer."""
        ...
