"""Errors of external calendars."""

from marketplace.kernel.errors import Conflict, TooManyRequests


class TooManyCalendars(Conflict):
    """The performer has as many external calendars as one may have."""

    code = "too_many_calendars"
    title = "You have as many external calendars as one may have: delete one first"
    remedy = "Delete a calendar that is not needed, or join calendars in the program that they come from."


class CalendarKnown(Conflict):
    """The performer has entered the address of this external calendar already."""

    code = "calendar_known"
    title = "You have added this calendar already"
    remedy = "Use the calendar that is there; `refresh` fetches it now."


class CalendarAskedAgain(TooManyRequests):
    """The performer has asked for a fetch of this calendar within the last minute."""

    code = "calendar_asked_again"
    title = "This calendar is being fetched, or was a moment ago"
    remedy = "Wait as many seconds as Retry-After says; calendars are fetched every 15 minutes by themselves."
