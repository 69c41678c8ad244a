"""The schedule of a performer: weekly hours, exceptions that add or remove time, vacations."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from marketplace.blueprints.availability.contracts import PerformerScheduleChanged
from marketplace.blueprints.availability.errors import TooManyExceptions, TooManyVacations
from marketplace.blueprints.availability.ports.schedules import (
    ExceptionView,
    Hours,
    ScheduleRepository,
    ScheduleView,
    VacationView,
)
from marketplace.kernel.changes import check_version
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork

MAX_PER_DAY = 10
MAX_EXCEPTIONS = 200
MAX_VACATIONS = 50
"""The limit of vacations that are not over yet."""
AHEAD = timedelta(days=2 * 366)
LONGEST = timedelta(days=366)


class ScheduleService:
    """The caller's own schedule."""

    def __init__(self, uow: UnitOfWork, rows: ScheduleRepository, clock: Clock) -> None:
        self._uow = uow
        self._rows = rows
        self._clock = clock

    def get(self, caller: Principal) -> ScheduleView:
        """The weekly hours; those of the market when none were ever set."""
        return self._rows.get_weekly(own_performer_id(caller))

    def replace(
        self,
        caller: Principal,
        weekly: Sequence[Mapping[str, int]],
        settings: Mapping[str, int],
        expected: int | None,
    ) -> ScheduleView:
        """Replace all hours, and what `settings` names of notice and buffers (minutes) and travel (km/h).

        Raises Invalid for hours that overlap, PreconditionFailed.
        """
        performer_id = own_performer_id(caller)
        hours = [Hours(**one) for one in weekly]
        _check_hours(hours)
        with self._uow:
            self._rows.lock(performer_id)
            version = self._rows.get_weekly(performer_id).version
            check_version(version, expected)
            self._rows.set_weekly(performer_id, hours, settings, version + 1)
            self._uow.record(PerformerScheduleChanged(performer_id=performer_id))
            return self._rows.get_weekly(performer_id)

    def list_exceptions(self, caller: Principal, page: PageRequest) -> Page[ExceptionView]:
        """Raises InvalidCursor."""
        return self._rows.list_exceptions(own_performer_id(caller), page)

    def add_exception(self, caller: Principal, data: Mapping[str, Any]) -> ExceptionView:
        """Raises Invalid, TooManyExceptions."""
        performer_id = own_performer_id(caller)
        now = self._clock.now()
        starts_at, ends_at = data["starts_at"], data["ends_at"]
        _check_span(starts_at, ends_at, now, now + AHEAD, "ends_at")
        with self._uow:
            self._rows.lock(performer_id)
            if self._rows.count_exceptions(performer_id, now) >= MAX_EXCEPTIONS:
                raise TooManyExceptions
            made = self._rows.add_exception(performer_id, data["kind"], starts_at, ends_at, data["note"])
            self._uow.record(PerformerScheduleChanged(performer_id=performer_id))
            return made

    def remove_exception(self, caller: Principal, exception_id: int) -> None:
        """Raises NotFound."""
        performer_id = own_performer_id(caller)
        with self._uow:
            if not self._rows.remove_exception(performer_id, exception_id):
                raise NotFound
            self._uow.record(PerformerScheduleChanged(performer_id=performer_id))

    def list_vacations(self, caller: Principal, page: PageRequest) -> Page[VacationView]:
        """Raises InvalidCursor."""
        return self._rows.list_vacations(own_performer_id(caller), page)

    def add_vacation(self, caller: Principal, starts_on: date, ends_on: date) -> VacationView:
        """Raises Invalid, TooManyVacations, VacationOverlaps."""
        performer_id = own_performer_id(caller)
        today = self._clock.now().date()
        # One day of tolerance, because it is still yesterday in some time zone.
        _check_span(starts_on, ends_on + timedelta(days=1), today, today + AHEAD, "ends_on")
        with self._uow:
            self._rows.lock(performer_id)
            if self._rows.count_vacations(performer_id, today) >= MAX_VACATIONS:
                raise TooManyVacations
            made = self._rows.add_vacation(performer_id, starts_on, ends_on)
            self._uow.record(PerformerScheduleChanged(performer_id=performer_id))
            return made

    def remove_vacation(self, caller: Principal, vacation_id: int) -> None:
        """Raises NotFound."""
        performer_id = own_performer_id(caller)
        with self._uow:
            if not self._rows.remove_vacation(performer_id, vacation_id):
                raise NotFound
            self._uow.record(PerformerScheduleChanged(performer_id=performer_id))


def _check_hours(hours: Sequence[Hours]) -> None:
    errors: dict[int, dict[str, list[str]]] = {}
    for index, one in enumerate(hours):
        if one.end <= one.start:
            errors[index] = {"end": [Text("This must be later than start.")]}
    places = sorted(range(len(hours)), key=lambda index: (hours[index].weekday, hours[index].start))
    for before, after in pairwise(places):
        if hours[before].weekday == hours[after].weekday and hours[after].start < hours[before].end:
            errors.setdefault(after, {"start": [Text("These hours overlap with others of the day.")]})
    for weekday in range(7):
        of_day = [index for index, one in enumerate(hours) if one.weekday == weekday]
        for index in of_day[MAX_PER_DAY:]:
            errors.setdefault(
                index, {"weekday": [Text("A day has at most {limit} spans.", limit=MAX_PER_DAY)]}
            )
    if errors:
        raise Invalid(errors={"json": {"weekly": errors}})


def _check_span(starts: Any, ends: Any, now: Any, last: Any, name: str) -> None:
    """Check a span of two times or two days; `ends` is exclusive."""
    why = None
    if ends <= starts:
        why = Text("This must be later than the beginning.")
    elif ends <= now:
        why = Text("This must be in the future.")
    elif ends - starts > LONGEST:
        why = Text("At most {days} days can be named at once.", days=LONGEST.days)
    elif ends > last:
        why = Text("This must lie within the next {days} days.", days=AHEAD.days)
    if why is not None:
        raise Invalid(errors={"json": {name: [why]}})
