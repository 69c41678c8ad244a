"""Statistics for staff: events by day, and the age of queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from marketplace.blueprints.moderation.policies import MAX_STATS_DAYS, STATS_DAYS
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid
from marketplace.kernel.statistics import Counter, Queue
from marketplace.kernel.texts import Text


@dataclass(frozen=True)
class DailyCounts:
    """The daily counts of something; `days[0]` is the first day of the period."""

    name: str
    total: int
    days: Sequence[int]


@dataclass(frozen=True)
class QueueAge:
    """The number of items that wait, and the age of the oldest; None when none wait."""

    name: str
    count: int
    oldest_seconds: int | None


@dataclass(frozen=True)
class StatisticsReport:
    """Statistics from `first` to `last`, both included, in UTC."""

    first: date
    last: date
    counters: Sequence[DailyCounts]
    queues: Sequence[QueueAge]


class Statistics:
    """Counts that domains give; one query each, whatever the number of days."""

    def __init__(self, clock: Clock, counters: Sequence[Counter], queues: Sequence[Queue]) -> None:
        self._clock = clock
        self._counters = counters
        self._queues = queues

    def report(self, first: date | None, last: date | None) -> StatisticsReport:
        """By default `last` is today, and the period has policies.STATS_DAYS days. Raises Invalid."""
        now = self._clock.now()
        last = now.date() if last is None else last
        if first is None:
            first = max(last, date.min + timedelta(days=STATS_DAYS)) - timedelta(days=STATS_DAYS - 1)
        count = (last - first).days + 1
        if not 1 <= count <= MAX_STATS_DAYS or last == date.max:
            raise Invalid(
                errors={"query": {"from": [Text("Ask for 1 to {limit} days.", limit=MAX_STATS_DAYS)]}}
            )
        days = [first + timedelta(days=number) for number in range(count)]
        start, end = _midnight(first), _midnight(last + timedelta(days=1))
        return StatisticsReport(
            first,
            last,
            [_daily(counter, start, end, days) for counter in self._counters],
            [_age(queue, now) for queue in self._queues],
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _daily(counter: Counter, start: datetime, end: datetime, days: Sequence[date]) -> DailyCounts:
    found = counter.count(start, end)
    numbers = [found.get(day, 0) for day in days]
    return DailyCounts(counter.name, sum(numbers), numbers)


def _age(queue: Queue, now: datetime) -> QueueAge:
    state = queue.measure()
    age = None if state.oldest is None else max(0, int((now - state.oldest).total_seconds()))
    return QueueAge(queue.name, state.count, age)
