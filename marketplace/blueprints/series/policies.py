"""When a series repeats, by the clock of the performer's time zone. Pure functions."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

MAX_COUNT = 52
MAX_LIVE = 5
"""The limit of series with orders ahead that one customer has with one performer."""
LAST = -1
"""The week of the month in which a weekday comes for the last time."""

_WEEK = 7
_MONTHS = 12


class Repeat(StrEnum):
    """How often a series repeats: each week, every second week, or each month on the same weekday."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"


class Scope(StrEnum):
    """Which orders a call is about: `one`, or it and the `following` ones of its series."""

    ONE = "one"
    FOLLOWING = "following"


@dataclass(frozen=True)
class Occurrence:
    """A date of a series. `local` is its time by the clock of the zone, without an offset. `instants` are
    when that clock shows it: one, none where the clock is put forward over it, or two where it is put back.
    `choices` are the starts that the date can be given by name: the instants, or in a gap its neighbours
    before and after, which are as far from it as the clock is put forward.
    """

    position: int
    local: datetime
    instants: tuple[datetime, ...]
    choices: tuple[datetime, ...]

    @property
    def starts_at(self) -> datetime | None:
        """The start, where the clock leaves no doubt."""
        return self.instants[0] if len(self.instants) == 1 else None


def week_of_month(day: datetime, repeat: Repeat) -> int | None:
    """In which week of the month a monthly series repeats: the first to the fourth of the weekday, or LAST
    for one that began on the fifth, which not every month has. None for other series.
    """
    if repeat is not Repeat.MONTHLY:
        return None
    week = (day.day - 1) // _WEEK + 1
    return week if week < 5 else LAST  # noqa: PLR2004 - a month has four of each weekday


def occurrences(starts_at: datetime, zone: ZoneInfo, repeat: Repeat, count: int) -> list[Occurrence]:
    """The dates of a series that begins at `starts_at`, which is itself the first one, whatever its clock
    shows twice.
    """
    first = fixed(starts_at, zone)
    local = first.replace(tzinfo=None)
    found = [Occurrence(1, local, (first,), (first,))]
    for number in range(1, count):
        at = _repeated(local, repeat, number)
        instants = instants_of(at, zone)
        found.append(Occurrence(number + 1, at, instants, instants or neighbours_of(at, zone)))
    return found


def _repeated(local: datetime, repeat: Repeat, number: int) -> datetime:
    if repeat is Repeat.WEEKLY:
        return local + number * timedelta(weeks=1)
    if repeat is Repeat.FORTNIGHTLY:
        return local + number * timedelta(weeks=2)
    years, month = divmod(local.month - 1 + number, _MONTHS)
    first_weekday, length = calendar.monthrange(local.year + years, month + 1)
    days = range(1 + (local.weekday() - first_weekday) % _WEEK, length + 1, _WEEK)
    week = week_of_month(local, repeat)
    assert week is not None
    day = days[LAST] if week == LAST else days[week - 1]
    return local.replace(year=local.year + years, month=month + 1, day=day)


def instants_of(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants at which the clock of `zone` shows `local`: none, one or two, ascending."""
    before, after = (_read(local, zone, fold) for fold in (0, 1))
    shown = [one for one in (before, after) if one.replace(tzinfo=None) == local]
    return tuple(shown[:1] if before == after else shown)


def neighbours_of(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """For a time that the clock skips: the time before it and the time after it that lie as far from it as
    the clock is put forward (both readings of a time in a gap, PEP 495).
    """
    return (_read(local, zone, 1), _read(local, zone, 0))


def _read(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """The instant of a local time, with the offset that holds then."""
    return fixed(local.replace(tzinfo=zone, fold=fold).astimezone(UTC), zone)


def fixed(instant: datetime, zone: ZoneInfo) -> datetime:
    """An instant with the offset of `zone` at it, and not with the zone: Python compares times of one zone by
    their clock alone, and takes the two that it shows twice for one.
    """
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return instant.astimezone(timezone(offset))


def moved(starts_at: datetime, by: timedelta, zone: ZoneInfo) -> tuple[datetime, tuple[datetime, ...]]:
    """A start that is moved `by` so much on the clock of `zone`: its new time there, without an offset, and
    the choices as those of an Occurrence.
    """
    local = fixed(starts_at, zone).replace(tzinfo=None) + by
    return local, instants_of(local, zone) or neighbours_of(local, zone)


def named(dates: Sequence[datetime], found: Sequence[Occurrence]) -> list[Occurrence | None]:
    """For each of the `dates` the occurrence that it names; None where it names none."""
    by_instant = {choice: one for one in found for choice in one.choices}
    return [by_instant.get(date) for date in dates]
