"""Builds the services of calendars."""

from dataclasses import dataclass

from marketplace.blueprints.calendars.adapters import FernetVault
from marketplace.blueprints.calendars.ports import CalendarRepository
from marketplace.blueprints.calendars.repositories import SqlCalendarRepository
from marketplace.blueprints.calendars.services import CalendarService, FetchService
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Calendars:
    """The services of calendars."""

    own: CalendarService
    fetches: FetchService
    rows: CalendarRepository


def build(parts: Runtime) -> Calendars:
    """Wire services to their adapters."""
    rows = SqlCalendarRepository(parts.uow)
    vault = FernetVault(parts.settings)
    http, reader = parts.outside.http, parts.outside.calendars
    return Calendars(
        own=CalendarService(parts.uow, rows, vault, http, parts.clock),
        fetches=FetchService(parts.uow, rows, vault, http, reader, parts.clock),
        rows=rows,
    )


def calendars() -> Calendars:
    """The services of the current application."""
    return runtime().get(Calendars)
