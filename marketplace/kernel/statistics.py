"""Numbers for staff: counts by day, and queues with the age of their oldest entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Counter:
    """Something that happens: `count(start, end)` gives how often per day (UTC), from `start` until before
    `end`; days without any are left out.
    """

    name: str
    count: Callable[[datetime, datetime], Mapping[date, int]]


@dataclass(frozen=True)
class QueueState:
    """How many entries wait, and since when the oldest does; None when none do."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True)
class Queue:
    """Something that waits for staff."""

    name: str
    measure: Callable[[], QueueState]
