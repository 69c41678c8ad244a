"""Fields for points in time, days and times of day."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from marketplace.web.hardened.fields.base import Parameter, Scalar

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Times outside are typing errors; inside, every offset can be converted to UTC without overflow."""

_CLOCK = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])")


class DateTime(Scalar[datetime]):
    """A point in time: RFC 3339 with offset in, aware UTC inside, `Z` out; years 1900 to 2200."""

    default_error_messages = {
        "type": "This must be a time such as 2030-01-31T09:00:00Z.",
        "naive": "The time needs an offset: end it with Z or +hh:mm.",
        "invalid": "There is no such time.",
        "leap": "Leap seconds are not taken: send second 59 or the next minute.",
        "range": "The year must be 1900 to 2200.",
    }
    _FORM = re.compile(
        r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
        r"([Zz]|[+-]([0-9]{2}):([0-9]{2}))?"
    )

    def give(self, value: Any) -> Any:
        if value.tzinfo is None:
            raise TypeError(f"{self.name} is a naive datetime: only aware ones are given out")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def take(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("type")
        # In a query an unescaped + is read as a blank, and a blank can mean nothing else there.
        text = value.replace(" ", "+") if isinstance(value, Parameter) else value
        match = self._FORM.fullmatch(text)
        if match is None:
            raise self.make_error("type")
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        if match[8] is None:
            raise self.make_error("naive")
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise self.make_error("range")
        if second == 60:  # noqa: PLR2004 - RFC 3339, 5.7
            raise self.make_error("leap")
        offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
        if int(match[10] or 0) > 59:  # noqa: PLR2004 - minutes of an hour
            raise self.make_error("invalid")
        microsecond = int((match[7] or "0")[:6].ljust(6, "0"))
        try:
            local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
        except ValueError:
            raise self.make_error("invalid") from None
        if offset >= timedelta(days=1):
            raise self.make_error("invalid")
        found = local + offset if match[8].startswith("-") else local - offset
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise self.make_error("range")
        return found

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "examples": ["2030-01-31T09:00:00Z"]}


class Date(Scalar[date]):
    """A day of the calendar, `YYYY-MM-DD`; years 1900 to 2200."""

    default_error_messages = {
        "type": "This must be a day such as 2030-01-31.",
        "invalid": "There is no such day.",
        "range": "The year must be 1900 to 2200.",
    }
    _FORM = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")

    def give(self, value: Any) -> Any:
        return value.isoformat()

    def take(self, value: Any) -> date:
        match = self._FORM.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("type")
        year, month, day = (int(part) for part in match.groups())
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise self.make_error("range")
        try:
            return date(year, month, day)
        except ValueError:
            raise self.make_error("invalid") from None

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "examples": ["2030-01-31"]}


class Time(Scalar[time]):
    """A time of day, `HH:MM`, as datetime.time."""

    default_error_messages = {"type": "This must be a time of day such as 09:00."}

    def give(self, value: Any) -> Any:
        return f"{value:%H:%M}"

    def take(self, value: Any) -> time:
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("type")
        return time(int(match[1]), int(match[2]))

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{_CLOCK.pattern})$", "examples": ["09:00"]}


class MinuteOfDay(Scalar[int]):
    """A time of day, `HH:MM`, as minutes since midnight; `until_midnight` takes `24:00` (1440) too."""

    default_error_messages = {"type": "This must be a time of day such as 09:00."}

    def __init__(self, *, until_midnight: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.until_midnight = until_midnight

    def give(self, value: Any) -> Any:
        return f"{value // 60:02}:{value % 60:02}"

    def take(self, value: Any) -> int:
        if self.until_midnight and value == "24:00":
            return 24 * 60
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("type")
        return int(match[1]) * 60 + int(match[2])

    def openapi(self) -> dict[str, Any]:
        pattern = f"(?:{_CLOCK.pattern})" + ("|24:00" if self.until_midnight else "")
        return {"type": "string", "pattern": f"^(?:{pattern})$", "examples": ["09:00"]}
