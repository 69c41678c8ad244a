"""Events of external calendars."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class CalendarFailing(DomainEvent):
    """An external calendar of a performer could not be fetched several times in a row; `reason` is the code
    of the last failure.
    """

    name: ClassVar[str] = "calendar.failing"
    user_id: int
    performer_id: int
    calendar_id: int
    reason: str
