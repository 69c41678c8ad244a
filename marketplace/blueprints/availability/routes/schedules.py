"""Routes of the own schedule."""

from typing import Any

from marketplace.blueprints.availability.ports.schedules import ExceptionView, ScheduleView, VacationView
from marketplace.blueprints.availability.routes.blueprint import blp
from marketplace.blueprints.availability.schemas import schedules as schemas
from marketplace.blueprints.availability.wiring import availability
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, performer
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import PageQuery, split_page


@blp.get("/performers/me/schedule")
@performer
@blp.response(200, schemas.PerformerSchedule)
@tagged("schedule")
def get_schedule() -> ScheduleView:
    """Get your weekly schedule

    Your working hours are in the time zone of your profile. Until you set hours for the first time, those of
    the marketplace hold (`is_default`).
    """
    return availability().schedules.get(current_principal())


@blp.put("/performers/me/schedule")
@performer
@editable("schedule")
@blp.arguments(schemas.ScheduleIn)
@blp.response(200, schemas.PerformerSchedule)
@tagged("schedule")
def replace_schedule(data: dict[str, Any]) -> ScheduleView:
    """Replace your weekly schedule

    You send all hours of the week; those before are gone. Spans that touch become one, and spans of a day
    that overlap are `validation_failed`. Orders that are booked stay booked.
    """
    weekly = data.pop("weekly")
    return availability().schedules.replace(current_principal(), weekly, data, if_match())


@blp.get("/performers/me/exceptions")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.ScheduleException)
def list_exceptions(query: dict[str, Any]) -> Page[ExceptionView]:
    """List your schedule exceptions

    Each adds time to your weekly hours or takes some away; the earliest comes first.
    """
    page, _ = split_page(query)
    return availability().schedules.list_exceptions(current_principal(), page)


@blp.post("/performers/me/exceptions")
@performer
@idempotent
@blp.problems("too_many_exceptions")
@blp.arguments(schemas.ScheduleExceptionIn)
@blp.response(201, schemas.ScheduleException)
def add_exception(data: dict[str, Any]) -> ExceptionView:
    """Add a schedule exception

    You add working time to your weekly hours, or take some away; your free slots follow at once, and orders
    that are booked stay booked. You have at most 200 exceptions that are not over (`too_many_exceptions`).
    """
    return availability().schedules.add_exception(current_principal(), data)


@blp.delete("/performers/me/exceptions/<int:exception_id>")
@performer
@blp.response(204)
def remove_exception(exception_id: int) -> None:
    """Delete a schedule exception

    Your weekly hours hold again for that time.
    """
    availability().schedules.remove_exception(current_principal(), exception_id)


@blp.get("/performers/me/vacations")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Vacation)
def list_vacations(query: dict[str, Any]) -> Page[VacationView]:
    """List your vacations

    The earliest comes first.
    """
    page, _ = split_page(query)
    return availability().schedules.list_vacations(current_principal(), page)


@blp.post("/performers/me/vacations")
@performer
@idempotent
@blp.problems("vacation_overlaps", "too_many_vacations")
@blp.arguments(schemas.VacationIn)
@blp.response(201, schemas.Vacation)
def add_vacation(data: dict[str, Any]) -> VacationView:
    """Add a vacation

    You name whole days on which you do not work: you have no free slots then, and your profile says until
    when you are away. Orders that are booked stay booked. Days that you have named already are
    `vacation_overlaps`; you have at most 50 vacations that are not over (`too_many_vacations`).
    """
    return availability().schedules.add_vacation(current_principal(), data["starts_on"], data["ends_on"])


@blp.delete("/performers/me/vacations/<int:vacation_id>")
@performer
@blp.response(204)
def remove_vacation(vacation_id: int) -> None:
    """Delete a vacation

    Your weekly hours hold again on those days.
    """
    availability().schedules.remove_vacation(current_principal(), vacation_id)
