"""Builds the service of reliability."""

from dataclasses import dataclass

from marketplace.blueprints.reliability.repositories import SqlFiguresRepository
from marketplace.blueprints.reliability.services import FigureService
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Reliability:
    """The service of reliability, and its rows for exports and deletions."""

    figures: FigureService
    rows: SqlFiguresRepository


def build(parts: Runtime) -> Reliability:
    """Wire the service to its adapter."""
    rows = SqlFiguresRepository(parts.uow)
    return Reliability(FigureService(parts.uow, rows, parts.clock), rows)


def reliability() -> Reliability:
    """The services of the current application."""
    return runtime().get(Reliability)
