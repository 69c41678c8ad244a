"""Hours of a week, as people write them in a setting: `mon-sat@09:00-18:00,sun@10:00-14:00`."""

import re

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 1440
_ENTRY = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?[@ ]([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)", re.ASCII)

Spans = tuple[tuple[int, int], ...]
"""Half-open spans in minutes since Monday 00:00, ascending."""


def parse_week(written: str) -> Spans:
    """The spans that `written` names: entries divided by commas, each a day or days, an @ (or a space) and a
    time of day, whose end may be 24:00. An empty text is a week without hours.

    Raises ValueError, which names the entry that cannot be read.
    """
    spans: set[tuple[int, int]] = set()
    for entry in filter(None, (part.strip().lower() for part in written.split(","))):
        found = _ENTRY.fullmatch(entry)
        if found is None or not {found[1], found[2] or found[1]} <= set(DAYS):
            raise ValueError(f"{entry!r} is not like 'mon-fri@09:00-18:00'")
        first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
        start, end = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
        if last < first or not start < end <= DAY_MINUTES:
            raise ValueError(f"{entry!r} ends before it begins")
        spans |= {(day * DAY_MINUTES + start, day * DAY_MINUTES + end) for day in range(first, last + 1)}
    return tuple(sorted(spans))


def multirange(spans: Spans) -> str:
    """The spans as text that PostgreSQL takes as an int4multirange, which merges those that touch."""
    return "{" + ",".join(f"[{start},{end})" for start, end in spans) + "}"
