"""The REST entry points of the own schedule."""

from typing import Any

from marketplace.blueprints.performers import schedule_schemas as schemas
from marketplace.blueprints.performers.blueprint import blp
from marketplace.blueprints.performers.schedule_ports import ExceptionView, ScheduleView, VacationView
from marketplace.blueprints.performers.wiring import performers
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
    """The own weekly hours, in the time zone of the profile"""
    return performers().schedules.get(current_principal())


@blp.put("/performers/me/schedule")
@performer
@editable("schedule")
@blp.arguments(schemas.ScheduleIn)
@blp.response(200, schemas.PerformerSchedule)
@tagged("schedule")
def replace_schedule(data: dict[str, Any]) -> ScheduleView:
    """Replace all weekly hours; spans that touch become one

    Notice and buffers that are not named stay as they are.
    """
    weekly = data.pop("weekly")
    return performers().schedules.replace(current_principal(), weekly, data, if_match())


@blp.get("/performers/me/exceptions")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.ScheduleException)
def list_exceptions(query: dict[str, Any]) -> Page[ExceptionView]:
    """Time added to the own hours or taken away, by its beginning"""
    page, _ = split_page(query)
    return performers().schedules.list_exceptions(current_principal(), page)


@blp.post("/performers/me/exceptions")
@performer
@idempotent
@blp.problem(409, "`too_many_exceptions`, `idempotency_in_progress`")
@blp.arguments(schemas.ScheduleExceptionIn)
@blp.response(201, schemas.ScheduleException)
def add_exception(data: dict[str, Any]) -> ExceptionView:
    """Add time to the own hours, or take some away"""
    return performers().schedules.add_exception(current_principal(), data)


@blp.delete("/performers/me/exceptions/<int:exception_id>")
@performer
@blp.response(204)
def remove_exception(exception_id: int) -> None:
    """Go back to the weekly hours"""
    performers().schedules.remove_exception(current_principal(), exception_id)


@blp.get("/performers/me/vacations")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Vacation)
def list_vacations(query: dict[str, Any]) -> Page[VacationView]:
    """The own vacations, by their first day"""
    page, _ = split_page(query)
    return performers().schedules.list_vacations(current_principal(), page)


@blp.post("/performers/me/vacations")
@performer
@idempotent
@blp.problem(409, "`vacation_overlaps`, `too_many_vacations`, `idempotency_in_progress`")
@blp.arguments(schemas.VacationIn)
@blp.response(201, schemas.Vacation)
def add_vacation(data: dict[str, Any]) -> VacationView:
    """Be away for some days; the profile stays public and says until when"""
    return performers().schedules.add_vacation(current_principal(), data["starts_on"], data["ends_on"])


@blp.delete("/performers/me/vacations/<int:vacation_id>")
@performer
@blp.response(204)
def remove_vacation(vacation_id: int) -> None:
    """Be back"""
    performers().schedules.remove_vacation(current_principal(), vacation_id)
