"""Rules of external calendars: how often they are fetched, and what is said of a fetch that failed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from marketplace.kernel.texts import Text

MAX_CALENDARS = 5
EVERY = timedelta(minutes=15)
SLOW_EVERY = timedelta(hours=1)
"""For addresses that take long to answer, so that they take no more of the worker than others."""
SLOW_SECONDS = 3.0
LONGEST_WAIT = timedelta(days=1)
TELL_AFTER = 3
"""Failures in a row after which the owner is told, once."""
LOST_AFTER = timedelta(hours=1)
"""A fetch that has not ended by then was lost; another begins."""
READ_AGAIN_AFTER = timedelta(days=1)
"""An unchanged file is read again, because the window of its repeated events moves on."""
ASK_AGAIN_AFTER = timedelta(minutes=1)
BEHIND, AHEAD = timedelta(days=1), timedelta(days=400)

SENTENCES: Mapping[str, Text] = {
    "forbidden_address": Text("The address leads to a place where no calendar is fetched."),
    "bad_address": Text("This is no address of a calendar."),
    "bad_scheme": Text(
        "The address must begin with https:// or http://, and must not lead from https to http."
    ),
    "credentials_in_address": Text("The address must hold no user name and no password."),
    "forbidden_port": Text("The address names a port at which no calendar is fetched."),
    "unknown_host": Text("The server of the address cannot be found."),
    "unreachable": Text("The server of the address does not answer."),
    "tls_failed": Text("The server of the address has no valid certificate."),
    "timed_out": Text("The server of the address takes too long to answer."),
    "too_large": Text("The calendar has more than 1,000,000 bytes."),
    "bad_answer": Text("The server of the address answers with something that cannot be read."),
    "too_many_redirects": Text("The address is redirected too often."),
    "not_found": Text("There is no calendar at the address any more."),
    "not_allowed": Text("The server of the address does not hand out the calendar."),
    "http_error": Text("The server of the address answers with an error."),
    "not_a_calendar": Text("The address leads to something that is no whole iCalendar file."),
    "too_many_events": Text("The calendar has more events than are read."),
    "too_complex": Text("The calendar has rules that take too long to work out."),
    "address_lost": Text("The address cannot be deciphered any more: delete the calendar and add it again."),
}
"""What is said of a failure, by its code."""

_NOT_FOUND = {404, 410}
_NOT_ALLOWED = {401, 403}


def sentence(code: str) -> Text:
    """What is said of a failure with this code."""
    return SENTENCES.get(code, SENTENCES["bad_answer"])


def code_of(status: int) -> str:
    """The code of an HTTP status that brings no calendar."""
    if status in _NOT_FOUND:
        return "not_found"
    return "not_allowed" if status in _NOT_ALLOWED else "http_error"


def next_fetch(now: datetime, failures: int, seconds: float, spread: float) -> datetime:
    """When to fetch again after so many failures in a row, the last fetch having taken `seconds`.

    `spread` from 0 to 1 moves it by up to an eighth, so that what began together does not stay together.
    """
    wait = SLOW_EVERY if seconds > SLOW_SECONDS else EVERY
    # Of more doublings than these each is longer than the longest wait.
    doublings = min(max(failures - 1, 0), 10)
    wait = min(wait * (1 << doublings), LONGEST_WAIT)
    return now + wait * (1 + spread / 8)


def window(now: datetime) -> tuple[datetime, datetime]:
    """The days of which busy times are kept; whole ones, so that it stays the same for a day."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - BEHIND, today + AHEAD
