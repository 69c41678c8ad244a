"""Routes of external calendars."""

from collections.abc import Sequence
from typing import Any

from marketplace.blueprints.calendars import schemas
from marketplace.blueprints.calendars.ports import CalendarView
from marketplace.blueprints.calendars.wiring import calendars
from marketplace.web.access import current_principal, performer
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit

blp = VersionedBlueprint(
    "calendars",
    description="Calendars that you keep elsewhere: their busy times count as taken.",
    rank=62,
)


@blp.get("/performers/me/calendars")
@performer
@blp.response(200, schemas.ExternalCalendars)
def list_calendars() -> dict[str, Sequence[CalendarView]]:
    """List your external calendars

    You see how the last fetch of each went, and how many spans of time it takes from you.
    """
    return {"items": calendars().own.list_own(current_principal())}


@blp.post("/performers/me/calendars")
@performer
@limit("20/hour", key=caller_key)
@idempotent
@blp.problems("too_many_calendars", "calendar_known")
@blp.arguments(schemas.ExternalCalendarIn)
@blp.response(201, schemas.ExternalCalendar)
def add_calendar(data: dict[str, Any]) -> CalendarView:
    """Add an external calendar

    The times in which it says that you are busy are no longer free: in your slots, in searches, and for new
    orders; orders that are booked stay booked. Events that are cancelled or marked as free take no time,
    whole days are those of your profile's time zone. It is fetched within seconds (`status` is `pending`
    until then) and every 15 minutes, and may have 1 MB and 5,000 events. When it cannot be fetched, its last
    state holds, and the notification `calendar.failing` tells you of the third failure in a row.

    You have at most 5 (`too_many_calendars`), each address once (`calendar_known`).
    """
    return calendars().own.add(current_principal(), data["url"], data["name"])


@blp.get("/performers/me/calendars/<int:calendar_id>")
@performer
@blp.response(200, schemas.ExternalCalendar)
def get_calendar(calendar_id: int) -> CalendarView:
    """Get an external calendar

    Ask for it after you have added or refreshed it, until `fetched_at` or `error` tell how the fetch went.
    """
    return calendars().own.get(current_principal(), calendar_id)


@blp.delete("/performers/me/calendars/<int:calendar_id>")
@performer
@blp.response(204)
def remove_calendar(calendar_id: int) -> None:
    """Delete an external calendar

    Its busy times are free again at once.
    """
    calendars().own.remove(current_principal(), calendar_id)


@blp.post("/performers/me/calendars/<int:calendar_id>/refresh")
@performer
@limit("60/hour", key=caller_key)
@idempotent
@blp.problems("calendar_asked_again")
@blp.response(202, schemas.ExternalCalendar)
def refresh_calendar(calendar_id: int) -> CalendarView:
    """Fetch an external calendar now

    The fetch begins within seconds; the answer is the state before it. You may ask once a minute for each
    calendar (`calendar_asked_again`).
    """
    return calendars().own.refresh(current_principal(), calendar_id)
