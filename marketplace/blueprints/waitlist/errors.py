"""Errors of the waiting list."""

from marketplace.kernel.errors import Conflict


class DayNotFull(Conflict):
    """The customer wants to wait for a day on which the service can be booked."""

    code = "day_not_full"
    title = "The performer has free time on that day: book it"
    remedy = "Read GET /performers/{id}/slots for that day, and let the user book one of its times."


class TooManyDays(Conflict):
    """The customer waits for as many days as one may wait for at once."""

    code = "too_many_days_awaited"
    title = "You wait for as many days as one may: leave the waiting list of another one first"
    remedy = "Show the user GET /user/me/waitlist, and leave the waiting list of a day that is not needed."


class WaitlistFull(Conflict):
    """As many customers wait for that day of the performer as may."""

    code = "waitlist_full"
    title = "Too many others wait for that day already"
    remedy = "Let the user choose another day or another performer."
