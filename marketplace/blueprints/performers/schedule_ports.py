"""What the services of schedules need, and the views that they hand on."""

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
    """The weekly hours in the performer's time zone; version 0 when none were ever set."""

    timezone: str
    weekly: Sequence[Hours]
    version: int
    notice_minutes: int = 0
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0


@dataclass(frozen=True)
class ExceptionView:
    """Time that is added to the hours or taken away."""

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
    """The times of one performer."""

    def get_weekly(self, performer_id: int) -> ScheduleView: ...

    def lock(self, performer_id: int) -> None:
        """Changes of one performer's times come one after the other. Raises NotFound."""
        ...

    def set_weekly(
        self, performer_id: int, weekly: Sequence[Hours], settings: Mapping[str, int], version: int
    ) -> None:
        """Replace all hours, and the named ones of notice and buffers."""
        ...

    def list_exceptions(self, performer_id: int, page: PageRequest) -> Page[ExceptionView]:
        """By their beginning. Raises InvalidCursor."""
        ...

    def count_exceptions(self, performer_id: int, since: datetime) -> int:
        """Those that end after `since`."""
        ...

    def add_exception(
        self, performer_id: int, kind: str, starts_at: datetime, ends_at: datetime, note: str
    ) -> ExceptionView: ...

    def remove_exception(self, performer_id: int, exception_id: int) -> bool:
        """False when there is none."""
        ...

    def list_vacations(self, performer_id: int, page: PageRequest) -> Page[VacationView]:
        """By their first day. Raises InvalidCursor."""
        ...

    def count_vacations(self, performer_id: int, since: date) -> int:
        """Those that end on `since` or later."""
        ...

    def add_vacation(self, performer_id: int, starts_on: date, ends_on: date) -> VacationView:
        """Raises VacationOverlaps."""
        ...

    def remove_vacation(self, performer_id: int, vacation_id: int) -> bool:
        """False when there is none."""
        ...
