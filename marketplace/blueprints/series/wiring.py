"""Builds the service of series."""

from dataclasses import dataclass

from marketplace.blueprints.availability import public as availability
from marketplace.blueprints.orders import public as orders
from marketplace.blueprints.series.ports import SeriesRepository
from marketplace.blueprints.series.repositories import SqlSeriesRepository
from marketplace.blueprints.series.services import SeriesService
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Series:
    """The services of series."""

    series: SeriesService
    rows: SeriesRepository


def build(parts: Runtime) -> Series:
    """Wire the service to its adapters."""
    rows = SqlSeriesRepository(parts.uow)
    calendar = availability.calendar(parts)
    return Series(SeriesService(parts.uow, rows, orders.desk(parts), calendar, parts.clock), rows)


def series() -> Series:
    """The services of the current application."""
    return runtime().get(Series)
