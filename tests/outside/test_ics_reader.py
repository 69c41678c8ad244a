"""Busy times of `.ics` files: the rules of RFC 5545, and files that are made to harm."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic

import pytest

from marketplace.outside.errors import CalendarRefused
from marketplace.outside.ics_reader import ProcessCalendarReader

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 2, 5, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def file(*events: str, before: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{before}{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def busy(content: bytes, zone: str = BERLIN, start: datetime = START, end: datetime = END) -> list[str]:
    """The spans as `2026-03-02 08:00/09:00`, in UTC; the second day only where it is another."""
    found = []
    for lower, upper in ProcessCalendarReader("here.marketplace").busy(content, zone, start, end):
        same = lower.date() == upper.date()
        found.append(f"{lower:%Y-%m-%d %H:%M}/{upper:{'%H:%M' if same else '%Y-%m-%d %H:%M'}}")
    return found


def refusal(content: bytes) -> str:
    with pytest.raises(CalendarRefused) as caught:
        ProcessCalendarReader("here.marketplace").busy(content, BERLIN, START, END)
    return caught.value.code


AT_NINE = "DTSTART:20260302T090000Z\nDTEND:20260302T100000Z\n"


@pytest.mark.parametrize(
    ("event", "spans"),
    [
        (AT_NINE, ["2026-03-02 09:00/10:00"]),
        (AT_NINE + "TRANSP:OPAQUE\nSTATUS:TENTATIVE", ["2026-03-02 09:00/10:00"]),
        (AT_NINE + "TRANSP:TRANSPARENT", []),
        (AT_NINE + "STATUS:CANCELLED", []),
        (AT_NINE + "status:cancelled", []),
        # Floating times and unknown zones are the performer's; known ones are their own.
        ("DTSTART:20260302T090000\nDTEND:20260302T100000", ["2026-03-02 08:00/09:00"]),
        ("DTSTART;TZID=Far/Away:20260302T090000\nDTEND;TZID=Far/Away:20260302T100000", ["2026-03-02 08:00/09:00"]),
        ("DTSTART;TZID=Asia/Tokyo:20260302T090000\nDURATION:PT1H", ["2026-03-02 00:00/01:00"]),
        ("DTSTART;TZID=W. Europe Standard Time:20260302T090000\nDURATION:PT30M", ["2026-03-02 08:00/08:30"]),
        # Whole days, one without DTEND, and a day of 23 hours.
        ("DTSTART;VALUE=DATE:20260302", ["2026-03-01 23:00/2026-03-02 23:00"]),
        ("DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260304", ["2026-03-01 23:00/2026-03-03 23:00"]),
        ("DTSTART;VALUE=DATE:20260329", ["2026-03-28 23:00/2026-03-29 22:00"]),
        ("DTSTART;VALUE=DATE:20260302\nDURATION:P2D", ["2026-03-01 23:00/2026-03-03 23:00"]),
        # RFC 5545, 3.6.1: a time without an end takes none.
        ("DTSTART:20260302T090000Z", []),
        ("DTSTART:20260302T090000Z\nDURATION:PT0S", []),
        ("DTSTART:20260302T090000Z\nDTEND:20260302T080000Z", []),
        # The hour that comes twice: the first; the one that does not exist: after it.
        ("DTSTART;TZID=Europe/Berlin:20261025T023000\nDURATION:PT15M", ["2026-10-25 00:30/00:45"]),
        ("DTSTART:20260329T023000\nDURATION:PT15M", ["2026-03-29 01:30/01:45"]),
        # A rule keeps the hour of the wall.
        (
(            "DTSTART;TZID=Europe/Berlin:20260327T090000\nDTEND;TZID=Europe/Berlin:20260327T100000\n"
            "RRULE:FREQ=DAILY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260328T090000\n"
            "RDATE;TZID=Europe/Berlin:20260405T120000"),
            ["2026-03-27 08:00/09:00", "2026-03-29 07:00/08:00", "2026-03-30 07:00/08:00", "2026-04-05 10:00/11:00"],
        ),
        ("DTSTART:20260327T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;UNTIL=20260403T235959",
         ["2026-03-27 08:00/09:00", "2026-04-03 07:00/08:00"]),
        ("DTSTART;VALUE=DATE:20260328\nRRULE:FREQ=DAILY;COUNT=2", ["2026-03-27 23:00/2026-03-29 22:00"]),
        # Over the edges of the window.
        ("DTSTART:20251231T230000Z\nDTEND:20260101T010000Z", ["2026-01-01 00:00/01:00"]),
        ("DTSTART:20000101T000000\nDTEND:99991231T235959", ["2026-01-01 00:00/2027-02-05 00:00"]),
        ("DTSTART:00010101T000000\nDTEND:20260101T000000Z", []),
        ("DTSTART:20251231T120000Z\nDTEND:20260101T000000Z", []),
        ("DTSTART:20270205T000000Z\nDURATION:PT1H", []),
    ],
)  # fmt: skip
def test_when_an_event_takes_time(event, spans):
    assert busy(file("UID:1\n" + event)) == spans


def test_a_changed_occurrence_moves_and_a_cancelled_one_frees():
    master = "UID:a\n" + AT_NINE + "RRULE:FREQ=DAILY;COUNT=4"
    moved = "UID:a\nRECURRENCE-ID:20260303T090000Z\nDTSTART:20260303T150000Z\nDTEND:20260303T160000Z"
    gone = "UID:a\nRECURRENCE-ID:20260304T090000Z\nSTATUS:CANCELLED\n" + AT_NINE.replace("0302", "0304")
    assert busy(file(master, moved, gone)) == [
        "2026-03-02 09:00/10:00", "2026-03-03 15:00/16:00", "2026-03-05 09:00/10:00",
    ]  # fmt: skip


def test_events_of_our_own_feeds_take_no_time():
    assert busy(file("UID:1@here.marketplace\n" + AT_NINE)) == []
    assert busy(file("UID:1@elsewhere.marketplace\n" + AT_NINE)) == ["2026-03-02 09:00/10:00"]


def test_spans_that_overlap_or_touch_are_one():
    events = [f"UID:{hour}\nDTSTART:20260302T{hour:02}0000Z\nDURATION:PT{length}M" for hour, length in
              [(9, 60), (10, 30), (12, 240), (13, 10)]]  # fmt: skip
    assert busy(file(*events)) == ["2026-03-02 09:00/10:30", "2026-03-02 12:00/16:00"]


def test_a_zone_that_the_file_defines():
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0530\n"
        "TZOFFSETTO:+0530\nTZNAME:X\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    event = "UID:1\nDTSTART;TZID=Custom:20260302T090000\nDTEND;TZID=Custom:20260302T100000"
    assert busy(file(event, before=zone)) == ["2026-03-02 03:30/04:30"]


def test_midnight_that_does_not_exist_and_a_day_that_begins_twice():
    """Cairo begins 2026-04-24 at 1 o'clock; the Azores repeat the hour before 1 o'clock on 2026-10-25."""
    assert busy(file("UID:1\nDTSTART;VALUE=DATE:20260424"), "Africa/Cairo") == [
        "2026-04-23 22:00/2026-04-24 21:00"
    ]
    assert busy(file("UID:1\nDTSTART;VALUE=DATE:20261025"), "Atlantic/Azores") == [
        "2026-10-25 00:00/2026-10-26 01:00"
    ]


def test_a_broken_event_hides_no_other():
    bad = "UID:2\nDTSTART:tomorrow\nRRULE:FREQ=SOMETIMES"
    worse = "UID:3\n" + AT_NINE.replace("0302", "0303") + "RRULE:FREQ=DAILY;COUNT=x"
    assert "2026-03-02 09:00/10:00" in busy(file("UID:1\n" + AT_NINE, bad, worse))


def test_what_is_no_event_takes_no_time():
    others = (
        "BEGIN:VTODO\nUID:t\nDTSTART:20260302T120000Z\nDUE:20260302T130000Z\nBEGIN:VALARM\nEND:VALARM\nEND:VTODO\n"
        "X-ANYTHING:\n é\n"
    )
    alarm = "BEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT5H\nEND:VALARM\n"
    assert busy(file("UID:1\n" + AT_NINE + alarm, before=others)) == ["2026-03-02 09:00/10:00"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>Sign in</html>", b"BEGIN:VCARD\r\nEND:VCARD", b"\x00" * 1000, file("UID:1\n" + AT_NINE)[:-20],
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n", b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 60_000,
    ],
    ids=["empty", "page", "card", "zeros", "cut", "nested", "deep"],
)  # fmt: skip
def test_what_is_no_calendar(content):
    assert refusal(content) == "not_a_calendar"


def test_five_thousand_events_and_no_more():
    def many(count: int, year: int = 2026) -> bytes:
        return file(*(
            f"UID:{n}\nSUMMARY:Nothing to see\nDTSTART:{year}{n % 12 + 1:02}{n % 28 + 1:02}T{n % 24:02}{n % 60:02}00Z\n"
            f"DTEND:{year}{n % 12 + 1:02}{n % 28 + 1:02}T235959Z" for n in range(count)
        ))  # fmt: skip

    assert busy(many(5000))
    assert refusal(many(5001)) == "too_many_events"
    assert busy(many(9000, 2019)) == [], "what is over does not count"


MINUTES = ",".join(map(str, range(60)))
BOMBS = {
    "each second": "RRULE:FREQ=SECONDLY",
    "never, sought each second": "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "no interval": "RRULE:FREQ=DAILY;INTERVAL=0",
    "a million": "RRULE:FREQ=MINUTELY;COUNT=1000000",
}


@pytest.mark.parametrize("rule", BOMBS.values(), ids=BOMBS)
def test_bombs_end(rule):
    began = monotonic()
    assert refusal(file("UID:1\n" + AT_NINE + rule)) in {"too_complex", "too_many_events"}
    assert monotonic() - began < 15


def test_thousands_of_rules_end():
    assert refusal(file(*(f"UID:{n}\n{AT_NINE}RRULE:FREQ=DAILY" for n in range(4000)))) == "too_complex"


@pytest.mark.parametrize(
    "content",
    [
        b"BEGIN:VCALENDAR\r\n" + os.urandom(900_000) + b"\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\n" * 30_000 + b"END:VCALENDAR\r\n" * 30_000,
        b"BEGIN:VCALENDAR\r\n" + b"\n " * 450_000 + b"\r\nEND:VCALENDAR\r\n",
        file("UID:1\n" + AT_NINE + "RDATE:" + ",".join(["20260302T090000Z"] * 50_000)),
        file("UID:1\nDTSTART:20260302T090000Z\nDURATION:P" + "9" * 5000 + "D"),
        file(
            "UID:1\n" + AT_NINE + f"RRULE:FREQ=YEARLY;BYMINUTE={MINUTES};BYSECOND={MINUTES};BYHOUR=1,2,3,4,5"
        ),
        file("UID:1\n" + AT_NINE + "RRULE:FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 200_000)),
        file("UID:1\nDTSTART;TZID=" + "../" * 500 + "etc/passwd:20260302T090000\nDURATION:PT1H"),
    ],
    ids=["noise", "calendars", "folds", "dates", "length", "seconds", "days", "zone"],
)
def test_odd_files_end(content):
    began = monotonic()
    with suppress(CalendarRefused):
        ProcessCalendarReader("here.marketplace").busy(content, BERLIN, START, END)
    assert monotonic() - began < 15
