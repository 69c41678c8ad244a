"""Numbers for staff: what happened day by day, and what waits how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from marketplace.blueprints.moderation.policies import MAX_STATS_DAYS, STATS_DAYS
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid
from marketplace.kernel.statistics import Counter, Queue


@dataclass(frozen=True)
class DailyCounts:
    """How often something happened: `days[0]` is the first day asked for."""

    name: str
    total: int
    days: Sequence[int]


@dataclass(frozen=True)
class QueueAge:
    """How many wait, and how long the oldest does; None when none do."""

    name: str
    count: int
    oldest_seconds: int | None


@dataclass(frozen=True)
class StatisticsReport:
    """From `first` to `last`, both included, in UTC."""

    first: date
    last: date
    counters: Sequence[DailyCounts]
    queues: Sequence[QueueAge]


class Statistics:
    """Domains register what they count; one query each, whatever the number of days."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counters: dict[str, Counter] = {}
        self._queues: dict[str, Queue] = {}

    def register_counter(self, counter: Counter) -> None:
        """Raises ValueError for a name that is taken."""
        if counter.name in self._counters:
            raise ValueError(f"the counter {counter.name!r} is registered twice")
        self._counters[counter.name] = counter

    def register_queue(self, queue: Queue) -> None:
        """Raises ValueError for a name that is taken."""
        if queue.name in self._queues:
            raise ValueError(f"the queue {queue.name!r} is registered twice")
        self._queues[queue.name] = queue

    def report(self, first: date | None, last: date | None) -> StatisticsReport:
        """Without `last` until today, without `first` policies.STATS_DAYS days. Raises Invalid."""
        now = self._clock.now()
        last = now.date() if last is None else last
        if first is None:
            first = max(last, date.min + timedelta(days=STATS_DAYS)) - timedelta(days=STATS_DAYS - 1)
        count = (last - first).days + 1
        if not 1 <= count <= MAX_STATS_DAYS or last == date.max:
            raise Invalid(errors={"query": {"from": [f"Ask for 1 to {MAX_STATS_DAYS} days."]}})
        days = [first + timedelta(days=number) for number in range(count)]
        start, end = _midnight(first), _midnight(last + timedelta(days=1))
        return StatisticsReport(
            first,
            last,
            [_daily(counter, start, end, days) for counter in self._counters.values()],
            [_age(queue, now) for queue in self._queues.values()],
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
