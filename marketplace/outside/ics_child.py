"""Reads an `.ics` file in a process of its own, which ends by its limits whatever the file holds.

A script: it is started by `ics_reader` with Python alone and imports nothing of ours. In: a line of JSON
(`zone`, `start`, `end` in seconds since 1970, `own`, limits), then the file. Out: one line of JSON,
`{"spans": [[start, end], ...]}` in the same seconds, merged and ascending, or `{"error": code}`.
"""

import contextlib
import gc
import json
import re
import resource
import signal
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
import x_wr_timezone
from icalendar import Calendar

_DAY = timedelta(days=1)
_SLACK = 2 * _DAY
"""More than any two time zones lie apart."""
_EARLIEST, _LATEST = 1900, 9000
_FOLD = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
_NAME = re.compile(rb"[A-Za-z0-9-]+")
_STAMP = re.compile(rb":\s*([0-9]{8})(?:T[0-9]{6}Z?)?\s*\Z")
_KEPT = {
    b"BEGIN", b"END", b"CALSCALE", b"X-WR-TIMEZONE", b"UID", b"SEQUENCE", b"DTSTART", b"DTEND", b"DURATION",
    b"RRULE", b"RDATE", b"EXDATE", b"EXRULE", b"RECURRENCE-ID", b"STATUS", b"TRANSP", b"TZID", b"TZNAME",
    b"TZOFFSETFROM", b"TZOFFSETTO",
}  # fmt: skip
"""The properties that say when somebody is busy; texts, people and alarms are left out before parsing."""
_REPEATS = {b"RRULE", b"RDATE", b"RECURRENCE-ID", b"EXRULE"}
_REPEATING = {"RRULE", "RDATE", "EXRULE"}
_COMPONENTS = {b"VCALENDAR", b"VEVENT", b"VTIMEZONE", b"STANDARD", b"DAYLIGHT"}


class Refused(Exception):
    """The file cannot be read; the text is the code of the reason."""


def content_lines(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kept lines with the upper-case names of their properties (RFC 5545, 3.1), well nested."""
    content = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not content[:15].upper().startswith(b"BEGIN:VCALENDAR"):
        raise Refused("not_a_calendar")
    open_ones: list[bytes] = []
    skipped = 0
    for line in _FOLD.sub(b"", content).splitlines():
        found = _NAME.match(line)
        name = found[0].upper() if found else b""
        value = line.partition(b":")[2].strip().upper()
        if name == b"BEGIN":
            if skipped or value not in _COMPONENTS:
                skipped += 1
                continue
            open_ones.append(value)
        elif name == b"END":
            if skipped:
                skipped -= 1
                continue
            if not open_ones or open_ones.pop() != value:
                raise Refused("not_a_calendar")
        if not skipped and name in _KEPT:
            yield name, line
    if open_ones or skipped:
        # Cut off: what is missing may be busy times.
        raise Refused("not_a_calendar")


def wanted_lines(content: bytes, start: datetime, end: datetime, most: int, own: str) -> Iterator[bytes]:
    """The lines without events whose UID ends with `own`, and without single events that lie outside of the
    window. Raises Refused.
    """
    made_here = b"@" + own.encode()
    first, last = _stamp(start - _SLACK), _stamp(end + _SLACK)
    event: dict[bytes, bytes] | None = None
    lines: list[bytes] = []
    count = 0
    for name, line in content_lines(content):
        if event is None and line.upper().startswith(b"BEGIN:VEVENT"):
            event, lines = {}, []
        if event is None:
            yield line
            continue
        lines.append(line)
        event.setdefault(name, line)
        if name == b"END":
            if not event.get(b"UID", b"").rstrip().endswith(made_here) and not _is_outside(
                event, first, last
            ):
                count += 1
                if count > most:
                    raise Refused("too_many_events")
                yield from lines
            event = None


def _stamp(moment: datetime) -> bytes:
    return moment.strftime("%Y%m%d").encode()


def _is_outside(event: dict[bytes, bytes], first: bytes, last: bytes) -> bool:
    if not _REPEATS.isdisjoint(event):
        return False
    starts, ends = (_STAMP.search(event.get(name, b"")) for name in (b"DTSTART", b"DTEND"))
    return (starts is not None and starts[1] > last) or (ends is not None and ends[1] < first)


def occurrences(content: bytes, start: datetime, end: datetime) -> Iterator[Any]:
    """The events of all calendars of the file within the window, repeated ones as often as they occur."""
    for calendar in Calendar.from_ical(content, multiple=True):
        with contextlib.suppress(ValueError, KeyError, AttributeError, TypeError):
            # Times in UTC of a calendar with X-WR-TIMEZONE repeat by that zone.
            calendar = x_wr_timezone.to_standard(calendar)  # noqa: PLW2901 - the same calendar, mended
        series: dict[str, list[Any]] = defaultdict(list)
        for number, event in enumerate(calendar.events):
            series[str(event.get("UID", number))].append(event)
        for events in series.values():
            if len(events) == 1 and _REPEATING.isdisjoint(events[0]):
                yield events[0]
                continue
            # One by one: an event that breaks the rules of RFC 5545 hides no other.
            alone = Calendar()
            alone.subcomponents = events
            try:
                yield from recurring_ical_events.of(alone).between(start, end)
            except (ValueError, KeyError, AttributeError, TypeError, OverflowError, ArithmeticError):
                continue


def is_busy(event: Any) -> bool:
    """Whether an event takes time (RFC 5545, 3.8.1.11 and 3.8.2.7)."""
    status, transparency = (str(event.get(name, "")).upper() for name in ("STATUS", "TRANSP"))
    return status != "CANCELLED" and transparency != "TRANSPARENT"


def moment(value: date, zone: ZoneInfo) -> datetime:
    """A day's beginning in `zone`, a floating time in `zone`, or the time itself, in UTC.

    Of a time that comes twice the first counts (RFC 5545, 3.3.5).
    """
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - made aware below
    if not _EARLIEST < value.year < _LATEST:
        # Near the ends of what a datetime can be, other zones are beyond them.
        value = value.replace(year=min(max(value.year, _EARLIEST), _LATEST), month=1, day=1)
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.astimezone(UTC)


def busy_spans(
    content: bytes, zone: ZoneInfo, start: datetime, end: datetime, own: str, limits: dict[str, int]
) -> list[tuple[datetime, datetime]]:
    """The merged busy times within the window, ascending. Raises Refused."""
    lines = b"\r\n".join(wanted_lines(content, start, end, limits["events"], own)) + b"\r\n"
    found = []
    for count, event in enumerate(occurrences(lines, start - _SLACK, end + _SLACK)):
        if count >= limits["occurrences"]:
            raise Refused("too_many_events")
        if not is_busy(event):
            continue
        try:
            span = max(moment(event.start, zone), start), min(moment(event.end, zone), end)
        except (ValueError, OverflowError, AttributeError, TypeError):
            continue
        if span[0] < span[1]:
            found.append(span)
    merged = list(merge(found))
    if len(merged) > limits["spans"]:
        raise Refused("too_many_events")
    return merged


def merge(spans: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Spans that overlap or touch become one."""
    last: tuple[datetime, datetime] | None = None
    for lower, upper in sorted(spans):
        if last is not None and lower <= last[1]:
            last = last[0], max(last[1], upper)
            continue
        if last is not None:
            yield last
        last = lower, upper
    if last is not None:
        yield last


def bound(limits: dict[str, int]) -> None:
    """Bound this process: its memory, its time, and what it could leave behind."""
    with contextlib.suppress(ValueError, OSError):
        # Not all systems can.
        resource.setrlimit(resource.RLIMIT_AS, (limits["bytes"], limits["bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The signal, which nobody handles, ends the process. The other limit ends one that the timer forgot.
    signal.setitimer(signal.ITIMER_PROF, limits["cpu_seconds"])
    resource.setrlimit(resource.RLIMIT_CPU, (10 + limits["cpu_seconds"],) * 2)


def main() -> None:
    """Read standard input, print the answer."""
    # It ends before there is anything to collect.
    gc.disable()
    asked = json.loads(sys.stdin.buffer.readline())
    limits = asked["limits"]
    bound(limits)
    start, end = (datetime.fromtimestamp(asked[name], UTC) for name in ("start", "end"))
    try:
        spans = busy_spans(sys.stdin.buffer.read(), ZoneInfo(asked["zone"]), start, end, asked["own"], limits)
        answer: dict[str, Any] = {
            "spans": [[int(lower.timestamp()), -int(-upper.timestamp() // 1)] for lower, upper in spans]
        }
    except Refused as refused:
        answer = {"error": str(refused)}
    except (MemoryError, RecursionError):
        answer = {"error": "too_complex"}
    except (ValueError, KeyError, AttributeError, TypeError, IndexError, OverflowError):
        answer = {"error": "not_a_calendar"}
    print(json.dumps(answer))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
