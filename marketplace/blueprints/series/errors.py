"""Errors of series."""

from marketplace.kernel.errors import Conflict, Invalid


class SeriesConflicts(Conflict):
    """Something speaks against at least one of the dates, so none was stored. `dates` tells of each what it
    is.
    """

    code = "series_conflicts"
    title = "Something speaks against some of the dates; nothing was stored"
    remedy = (
        "Show the user what `dates` says, and send those starts in the request's `dates` that are wanted all"
        " the same."
    )


class TooManySeries(Conflict):
    """The customer has as many series with this performer as one may have."""

    code = "too_many_series"
    title = "You have as many series with this performer as one may have"
    remedy = "Wait until a series is over, or cancel one with `scope=following`."


class DateNotInSeries(Invalid):
    """One of the `dates` is no start of the series, or a date of it was named twice."""

    code = "date_not_in_series"
    title = "These dates are not those of the series"
    remedy = "Send starts that the preview shows, as `starts_at` or among the `choices` of a problem."


class TimeDoesNotExist(Invalid):
    """The performer's clock is put forward over this time."""

    code = "time_does_not_exist"
    title = "The clock is put forward over this time; choose the time before or after it"
    remedy = "Let the user choose one of the two `choices`, and send it in `dates`."


class TimeComesTwice(Invalid):
    """The performer's clock is put back and shows this time twice."""

    code = "time_comes_twice"
    title = "The clock is put back and shows this time twice; choose one of the two"
    remedy = "Let the user choose one of the two `choices`, and send it with its offset in `dates`."
