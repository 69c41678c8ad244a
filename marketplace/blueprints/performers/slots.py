"""When a performer can be booked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from marketplace.blueprints.performers.slot_ports import Slot, SlotRepository, SlotsView, TimeCheck
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound

STEP = timedelta(minutes=15)
"""Clocks of all time zones are apart by quarters of an hour, so a quarter in UTC is one everywhere."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def starts_within(start: datetime, end: datetime, takes: timedelta) -> Iterator[datetime]:
    """The beginning of free time and each quarter of an hour after it, as long as the service ends in it."""
    while start + takes <= end:
        yield start
        start += STEP - (start - _EPOCH) % STEP


class SlotService:
    """Reads only: who is first at a slot is decided when an order is accepted."""

    def __init__(self, rows: SlotRepository, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    def list_free(self, performer_id: int, service_id: int, start: datetime, end: datetime) -> SlotsView:
        """When the service may start, to be over by `end`.

        Raises NotFound when the public may not see the performer, or no such service of theirs.
        """
        free = self._rows.find_free(performer_id, service_id, start, end, self._clock.now())
        if free is None:
            raise NotFound
        takes = timedelta(minutes=free.duration_minutes)
        slots = [
            Slot(at, at + takes) for lower, upper in free.spans for at in starts_within(lower, upper, takes)
        ]
        return SlotsView(free.timezone, free.duration_minutes, slots)

    def check(self, performer_id: int, starts_at: datetime, ends_at: datetime) -> TimeCheck:
        """What speaks against a booking from `starts_at` to `ends_at`. Raises NotFound."""
        return self._rows.check(performer_id, starts_at, ends_at, self._clock.now())
