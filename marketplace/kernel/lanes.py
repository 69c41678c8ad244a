"""Lanes of the outbox: separate queues, so that slow work holds up only its own kind."""

from enum import StrEnum


class Lane(StrEnum):
    """The queue of a job. Each lane has its own threads in every worker, so a lane that hangs or has a
    thousand jobs delays no other. Values are stored with each job, so they never change.
    """

    SOCKETS = "sockets"
    """Pushes to open sockets: milliseconds each, and somebody is looking at the screen."""
    CODES = "codes"
    """One-time codes and links that a person waits for to go on."""
    WORK = "work"
    """Follow-up work inside the program; the default lane."""
    MAIL = "mail"
    """Notices: a minute of delay does no harm."""
    BULK = "bulk"
    """Exports, sweeps, pictures, and the follow-up work of bulk decisions."""
    FETCHES = "fetches"
    """Requests to addresses that users gave: any of them may be slow or dead."""


class Postponed(Exception):
    """The job cannot run now, through no fault of its own; it runs again after `seconds`, and this try does
    not count. Jobs that were put off together come back up to a quarter later, spread out; `exactly` is for
    a job that has a time of its own.
    """

    def __init__(self, reason: str, seconds: float, *, exactly: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.exactly = exactly
