"""The SQL of the working times of performers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Text, cast, delete, func, literal, select
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, insert
from sqlalchemy.exc import IntegrityError

from marketplace.blueprints.availability.errors import VacationOverlaps
from marketplace.blueprints.availability.ports.schedules import (
    ExceptionView,
    Hours,
    ScheduleRepository,
    ScheduleView,
    VacationView,
)
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.week import Spans, multirange
from marketplace.models.performers import Performer
from marketplace.models.schedules import PerformerSchedule, ScheduleException, Vacation

DAY = 1440


# The driver does not know multiranges, so they are sent and read as text.
_WEEKLY = cast(PerformerSchedule.weekly, Text)
_SPAN = re.compile(r"\[(\d+),(\d+)\)")


def hours_of(weekly: str) -> list[Hours]:
    """Spans of minutes of the week from PostgreSQL's text, cut at midnight."""
    found = []
    for start, end in ((int(span[1]), int(span[2])) for span in _SPAN.finditer(weekly)):
        for weekday in range(start // DAY, (end - 1) // DAY + 1):
            midnight = weekday * DAY
            found.append(Hours(weekday, max(start - midnight, 0), min(end - midnight, DAY)))
    return found


class SqlScheduleRepository(SqlRepository, ScheduleRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner, market_hours: Spans) -> None:
        super().__init__(uow)
        self._signer = signer
        self._market_hours = multirange(market_hours)

    def get_weekly(self, performer_id: int) -> ScheduleView:
        statement = (
            select(
                Performer.timezone, _WEEKLY.label("weekly"), PerformerSchedule.version,
                PerformerSchedule.notice_minutes, PerformerSchedule.buffer_before_minutes,
                PerformerSchedule.buffer_after_minutes, PerformerSchedule.travel_kmh,
            )
            .outerjoin(PerformerSchedule, PerformerSchedule.performer_id == Performer.id)
            .where(Performer.id == performer_id)
        )  # fmt: skip
        row = self.session.execute(statement).one()
        if row.version is None:
            return ScheduleView(row.timezone, hours_of(self._market_hours), 0)
        return ScheduleView(
            row.timezone,
            hours_of(row.weekly),
            row.version,
            row.notice_minutes,
            row.buffer_before_minutes,
            row.buffer_after_minutes,
            row.travel_kmh,
        )

    def lock(self, performer_id: int) -> None:
        statement = select(Performer.id).where(Performer.id == performer_id).with_for_update(key_share=True)
        if self.session.scalar(statement) is None:
            raise NotFound

    def set_weekly(
        self, performer_id: int, weekly: Sequence[Hours], settings: Mapping[str, int], version: int
    ) -> None:
        spans = ",".join(f"[{one.weekday * DAY + one.start},{one.weekday * DAY + one.end})" for one in weekly)
        values = {
            "weekly": cast(literal("{" + spans + "}", Text), INT4MULTIRANGE),
            "version": version,
            "updated_at": func.now(),
            **settings,
        }
        statement = insert(PerformerSchedule).values(performer_id=performer_id, **values)
        self.session.execute(statement.on_conflict_do_update(index_elements=["performer_id"], set_=values))

    def list_exceptions(self, performer_id: int, page: PageRequest) -> Page[ExceptionView]:
        table = ScheduleException
        statement: Any = (
            select(table.id, table.kind, table.starts_at, table.ends_at, table.note)
            .where(table.performer_id == performer_id)
            .order_by(table.starts_at, table.id)
        )
        filters = {"performer_id": performer_id}
        found = fetch_page(self.session, statement, page, self._signer, name="exceptions", filters=filters)
        return Page(
            [ExceptionView(*tuple(row)) for row in found.items], next=found.next, previous=found.previous
        )

    def count_exceptions(self, performer_id: int, since: datetime) -> int:
        table = ScheduleException
        statement = select(func.count()).where(table.performer_id == performer_id, table.ends_at > since)
        return self.session.execute(statement).scalar_one()

    def add_exception(
        self, performer_id: int, kind: str, starts_at: datetime, ends_at: datetime, note: str
    ) -> ExceptionView:
        row = ScheduleException(
            performer_id=performer_id, kind=kind, starts_at=starts_at, ends_at=ends_at, note=note
        )
        self.session.add(row)
        self.session.flush()
        return ExceptionView(row.id, kind, starts_at, ends_at, note)

    def remove_exception(self, performer_id: int, exception_id: int) -> bool:
        table = ScheduleException
        statement = delete(table).where(table.id == exception_id, table.performer_id == performer_id)
        found = self.write(statement.returning(table.id)).scalar()
        return found is not None

    def list_vacations(self, performer_id: int, page: PageRequest) -> Page[VacationView]:
        statement: Any = (
            select(Vacation.id, Vacation.starts_on, Vacation.ends_on)
            .where(Vacation.performer_id == performer_id)
            .order_by(Vacation.starts_on, Vacation.id)
        )
        filters = {"performer_id": performer_id}
        found = fetch_page(self.session, statement, page, self._signer, name="vacations", filters=filters)
        return Page(
            [VacationView(*tuple(row)) for row in found.items], next=found.next, previous=found.previous
        )

    def count_vacations(self, performer_id: int, since: date) -> int:
        statement = select(func.count()).where(
            Vacation.performer_id == performer_id, Vacation.ends_on >= since
        )
        return self.session.execute(statement).scalar_one()

    def add_vacation(self, performer_id: int, starts_on: date, ends_on: date) -> VacationView:
        row = Vacation(performer_id=performer_id, starts_on=starts_on, ends_on=ends_on)
        self.session.add(row)
        try:
            self.session.flush()
        except IntegrityError as error:
            # The only constraint that checked values can violate.
            raise VacationOverlaps from error
        return VacationView(row.id, starts_on, ends_on)

    def remove_vacation(self, performer_id: int, vacation_id: int) -> bool:
        statement = delete(Vacation).where(Vacation.id == vacation_id, Vacation.performer_id == performer_id)
        found = self.write(statement.returning(Vacation.id)).scalar()
        return found is not None

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: the hours, notice and buffers, exceptions, vacations."""
        times = (
            select(
                ScheduleException.kind, ScheduleException.starts_at, ScheduleException.ends_at,
                ScheduleException.note,
            )
            .join(Performer, Performer.id == ScheduleException.performer_id)
            .where(Performer.user_id == user_id)
            .order_by(ScheduleException.starts_at)
        )  # fmt: skip
        days = (
            select(
                cast(Vacation.starts_on, Text).label("starts_on"),
                cast(Vacation.ends_on, Text).label("ends_on"),
            )
            .join(Performer, Performer.id == Vacation.performer_id)
            .where(Performer.user_id == user_id)
            .order_by(Vacation.starts_on)
        )
        settings = (
            select(
                PerformerSchedule.notice_minutes, PerformerSchedule.buffer_before_minutes,
                PerformerSchedule.buffer_after_minutes, PerformerSchedule.travel_kmh,
            )
            .join(Performer, Performer.id == PerformerSchedule.performer_id)
            .where(Performer.user_id == user_id)
        )  # fmt: skip
        yield from self.export_weekly(user_id)
        yield from stream_rows(self.session, settings)
        yield from stream_rows(self.session, times)
        yield from stream_rows(self.session, days)

    def export_weekly(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export, one row for each span."""
        statement = (
            select(_WEEKLY)
            .join(Performer, Performer.id == PerformerSchedule.performer_id)
            .where(Performer.user_id == user_id)
        )
        for one in hours_of(self.session.scalar(statement) or ""):
            yield {"weekday": one.weekday, "start_minute": one.start, "end_minute": one.end}

    def forget(self, user_id: int) -> None:
        """Delete the times of a performer who has left."""
        own = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        for table in (PerformerSchedule, ScheduleException, Vacation):
            self.write(delete(table).where(table.performer_id == own))
