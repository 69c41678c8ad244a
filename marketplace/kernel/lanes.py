"""Lanes of the outbox: what waits for one kind of work must not wait for another."""

from enum import StrEnum


class Lane(StrEnum):
    """Where a job queues. Each lane has threads of its own in every worker, so that one that hangs, or has a
    thousand jobs, holds up nobody but itself. A value is stored with each job: it stays for good.
    """

    SOCKETS = "sockets"
    """Pushes to open sockets: milliseconds each, somebody is looking at the screen."""
    CODES = "codes"
    """One-time codes and links that a person waits for to go on."""
    WORK = "work"
    """What follows from a change inside the program; the lane of all that names none."""
    MAIL = "mail"
    """Notices: true in a minute as well."""
    BULK = "bulk"
    """Exports, sweeps, pictures, and what hundreds of decisions at once have caused."""


class Postponed(Exception):
    """A job that cannot run now, through no fault of its own; it comes again after `seconds`, and this try
    does not count.
    """

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds
