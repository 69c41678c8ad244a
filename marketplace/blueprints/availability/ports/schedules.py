"""The interface that the service of schedules needs, and the views that it returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class Hours:
    """A span of one weekday (0 = Monday), in minutes since midnight."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True)
class ScheduleView:
    """The weekly hours in the performer's time zone; the market's and version 0 when none were ever set."""

    timezone: str
    weekly: Sequence[Hours]
    version: int
    notice_minutes: int = 0
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    travel_kmh: int = 30

    @property
    def is_default(self) -> bool:
        """Whether the hours are the market's."""
        return self.version == 0


@dataclass(frozen=True)
class ExceptionView:
    """Time that is added to the working hours or removed from them."""

    id: int
    kind: str
    starts_at: datetime
    ends_at: datetime
    note: str


@dataclass(frozen=True)
class VacationView:
    """Days of the performer's time zone, both inclusive."""

    id: int
    starts_on: date
    ends_on: date


class ScheduleRepository(Protocol):
    """The working times of one performer."""

    def get_weekly(self, performer_id: int) -> ScheduleView:
        """The weekly hours; those of the market when none were ever set."""
        ...

    def lock(self, performer_id: int) -> None:
        """Lock, so that changes of one performer's times happen one after the other. Raises NotFound."""
        ...

    def set_weekly(
        self, performer_id: int, weekly: Sequence[Hours], settings: Mapping[str, int], version: int
    ) -> None:
        """Replace all hours, and the given values of notice and buffers; adjacent spans become one."""
        ...

    def list_exceptions(self, performer_id: int, page: PageRequest) -> Page[ExceptionView]:
        """Ordered by their beginning. Raises InvalidCursor."""
        ...

    def count_exceptions(self, performer_id: int, since: datetime) -> int:
        """The number of exceptions that end after `since`."""
        ...

    def add_exception(
        self, performer_id: int, kind: str, starts_at: datetime, ends_at: datetime, note: str
    ) -> ExceptionView: ...

    def remove_exception(self, performer_id: int, exception_id: int) -> bool:
        """Remove an exception; False when there is none."""
        ...

    def list_vacations(self, performer_id: int, page: PageRequest) -> Page[VacationView]:
        """Ordered by their first day. Raises InvalidCursor."""
        ...

    def count_vacations(self, performer_id: int, since: date) -> int:
        """The number of vacations that end on `since` or later."""
        ...

    def add_vacation(self, performer_id: int, starts_on: date, ends_on: date) -> VacationView:
        """Add a vacation. Raises VacationOverlaps."""
        ...

    def remove_vacation(self, performer_id: int, vacation_id: int) -> bool:
        """Remove a vacation; False when there is none."""
        ...
