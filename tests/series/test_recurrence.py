"""When series repeat, by the clocks of zones that are put forward and back."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from marketplace.blueprints.series.policies import (
    LAST,
    MAX_COUNT,
    Occurrence,
    Repeat,
    instants_of,
    named,
    neighbours_of,
    occurrences,
    week_of_month,
)
from marketplace.kernel.zones import zone

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
    "Atlantic/Azores",
    "Asia/Kathmandu",
    "UTC",
)
WEEKS = {Repeat.WEEKLY: 7, Repeat.FORTNIGHTLY: 14}

moments = st.datetimes(
    datetime.fromisoformat("2009-01-01"), datetime.fromisoformat("2040-01-01"), timezones=st.just(UTC)
)


def texts(found: tuple[datetime, ...]) -> list[str]:
    return [one.isoformat() for one in found]


@given(moments, st.sampled_from(ZONES), st.sampled_from(Repeat), st.integers(1, MAX_COUNT))
def test_every_date_is_at_the_same_time_of_the_same_weekday(
    starts_at: datetime, name: str, repeat: Repeat, count: int
) -> None:
    found = occurrences(starts_at, zone(name), repeat, count)
    first = found[0]
    assert (first.starts_at, [one.position for one in found]) == (starts_at, [*range(1, count + 1)])
    week = week_of_month(first.local, repeat)
    for before, one in pairwise(found):
        assert (one.local.time(), one.local.weekday()) == (first.local.time(), first.local.weekday())
        if repeat in WEEKS:
            assert (one.local - before.local).days == WEEKS[repeat]
            continue
        months = [12 * at.year + at.month for at in (before.local, one.local)]
        assert months[1] - months[0] == 1
        if week == LAST:
            assert (one.local + timedelta(weeks=1)).month != one.local.month
        else:
            assert (one.local.day - 1) // 7 + 1 == week


@given(moments, st.sampled_from(ZONES), st.sampled_from(Repeat), st.integers(1, MAX_COUNT))
def test_a_clock_shows_each_date_once_twice_or_never(
    starts_at: datetime, name: str, repeat: Repeat, count: int
) -> None:
    for one in occurrences(starts_at, zone(name), repeat, count):
        assert len(one.instants) <= 2
        assert list(one.choices) == sorted(one.choices)
        for instant in one.instants:
            assert instant.replace(tzinfo=None) == one.local
        if one.instants:
            assert one.choices == one.instants
            continue
        before, after = (choice.replace(tzinfo=None) for choice in one.choices)
        assert before < one.local < after
        # Both are times that the clock shows.
        assert all(choice in instants_of(choice.replace(tzinfo=None), zone(name)) for choice in one.choices)


@given(moments, st.sampled_from(ZONES), st.sampled_from(Repeat), st.integers(1, MAX_COUNT), st.data())
def test_a_date_is_named_by_its_instants_alone(
    starts_at: datetime, name: str, repeat: Repeat, count: int, data: st.DataObject
) -> None:
    found = occurrences(starts_at, zone(name), repeat, count)
    one: Occurrence = data.draw(st.sampled_from(found))
    dates = [*(choice.astimezone(UTC) for choice in one.choices), starts_at - timedelta(days=1)]
    assert named(dates, found) == [one] * len(one.choices) + [None]


@pytest.mark.parametrize(
    ("name", "local", "before", "after"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        ("America/New_York", "2026-03-08T02:00", "2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00"),
        # Half an hour is put forward, not an hour.
        (
            "Australia/Lord_Howe",
            "2026-10-04T02:15",
            "2026-10-04T01:45:00+10:30",
            "2026-10-04T02:45:00+11:00",
        ),
        # A whole day that never was.
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-29T09:00:00-10:00", "2011-12-31T09:00:00+14:00"),
        # Midnight itself is skipped.
        ("Africa/Cairo", "2026-04-24T00:00", "2026-04-23T23:00:00+02:00", "2026-04-24T01:00:00+03:00"),
        ("Atlantic/Azores", "2026-03-29T00:15", "2026-03-28T23:15:00-01:00", "2026-03-29T01:15:00+00:00"),
    ],
)
def test_a_time_that_does_not_exist_has_two_neighbours(
    name: str, local: str, before: str, after: str
) -> None:
    at = datetime.fromisoformat(local)
    assert instants_of(at, zone(name)) == ()
    assert texts(neighbours_of(at, zone(name))) == [before, after]
    # The week before and after it is an ordinary time.
    for days in (-7, 7):
        assert len(instants_of(at + timedelta(days=days), zone(name))) == 1


@pytest.mark.parametrize(
    ("name", "local", "first", "second"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("America/New_York", "2026-11-01T01:59", "2026-11-01T01:59:00-04:00", "2026-11-01T01:59:00-05:00"),
        (
            "Australia/Lord_Howe",
            "2026-04-05T01:45",
            "2026-04-05T01:45:00+11:00",
            "2026-04-05T01:45:00+10:30",
        ),
        ("Africa/Cairo", "2026-10-29T23:30", "2026-10-29T23:30:00+03:00", "2026-10-29T23:30:00+02:00"),
        # Midnight comes twice.
        ("Atlantic/Azores", "2026-10-25T00:00", "2026-10-25T00:00:00+00:00", "2026-10-25T00:00:00-01:00"),
    ],
)
def test_a_time_that_comes_twice_has_two_instants(name: str, local: str, first: str, second: str) -> None:
    at = datetime.fromisoformat(local)
    assert texts(instants_of(at, zone(name))) == [first, second]
    for days in (-7, 7):
        assert len(instants_of(at + timedelta(days=days), zone(name))) == 1


@pytest.mark.parametrize(
    ("name", "day", "begins", "lasts"),
    [
        ("Europe/Berlin", "2026-03-29", 120, 60),
        ("Europe/Berlin", "2026-10-25", 120, 60),
        ("America/New_York", "2026-03-08", 120, 60),
        ("Australia/Lord_Howe", "2026-10-04", 120, 30),
        ("Australia/Lord_Howe", "2026-04-05", 90, 30),
        ("Africa/Cairo", "2026-04-24", 0, 60),
        ("Atlantic/Azores", "2026-03-29", 0, 60),
        ("Atlantic/Azores", "2026-10-25", 0, 60),
        ("Pacific/Apia", "2011-12-30", 0, 24 * 60),
    ],
)
def test_the_edges_of_what_the_clock_skips_or_repeats(name: str, day: str, begins: int, lasts: int) -> None:
    midnight = datetime.fromisoformat(day)
    odd = [
        minute
        for minute in range(60 * 24)
        if len(instants_of(midnight + timedelta(minutes=minute), zone(name))) != 1
    ]
    assert odd == [*range(begins, begins + lasts)]


def test_a_series_that_begins_in_the_hour_that_comes_twice_has_the_start_that_was_named() -> None:
    for text in ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"):
        first, second = occurrences(datetime.fromisoformat(text), zone("Europe/Berlin"), Repeat.WEEKLY, 2)
        assert texts(first.choices) == [text]
        assert texts(second.choices) == ["2026-11-01T02:30:00+01:00"]


def days(first: str, count: int, name: str = "UTC") -> list[date]:
    starts_at = datetime.fromisoformat(first).replace(tzinfo=zone(name))
    return [one.local.date() for one in occurrences(starts_at, zone(name), Repeat.MONTHLY, count)]


def test_monthly_is_the_same_weekday_of_the_month() -> None:
    # The second Tuesday.
    assert days("2026-05-12T09:00", 3) == [date(2026, 5, 12), date(2026, 6, 9), date(2026, 7, 14)]
    # The fourth Thursday, which in February is the last one too.
    assert days("2026-01-22T09:00", 3) == [date(2026, 1, 22), date(2026, 2, 26), date(2026, 3, 26)]
    # The fifth Friday is the last one of a month that has four.
    assert days("2026-01-30T09:00", 4) == [
        date(2026, 1, 30),
        date(2026, 2, 27),
        date(2026, 3, 27),
        date(2026, 4, 24),
    ]
    assert days("2026-11-03T09:00", 4)[2:] == [date(2027, 1, 5), date(2027, 2, 2)]
