"""The SQL of external calendars and their busy times."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from marketplace.blueprints.calendars.errors import CalendarKnown
from marketplace.blueprints.calendars.ports import (
    CalendarRepository,
    CalendarRow,
    CalendarSource,
    Span,
)
from marketplace.database.repository import SqlRepository
from marketplace.kernel.errors import NotFound
from marketplace.models.accounts import User
from marketplace.models.performers import Performer
from marketplace.models.schedules import ExternalCalendar

_COLUMNS = (
    ExternalCalendar.id, ExternalCalendar.name, ExternalCalendar.url_sealed, ExternalCalendar.status,
    ExternalCalendar.fetched_at, ExternalCalendar.error, ExternalCalendar.busy_count,
    ExternalCalendar.created_at, ExternalCalendar.refresh_asked_at,
)  # fmt: skip
_BUSY = text("SELECT lower(time), upper(time) FROM external_busy_time WHERE calendar_id = :calendar_id")
_SPANS = "unnest(CAST(:lowers AS timestamptz[]), CAST(:uppers AS timestamptz[])) AS span (lower, upper)"
_REMOVE = text(f"""
    DELETE FROM external_busy_time b USING {_SPANS}
    WHERE b.calendar_id = :calendar_id AND b.time = tstzrange(span.lower, span.upper)""")  # noqa: S608 - constants
_ADD = text(f"""
    INSERT INTO external_busy_time (calendar_id, performer_id, time)
    SELECT :calendar_id, :performer_id, tstzrange(span.lower, span.upper) FROM {_SPANS}""")  # noqa: S608 - constants


def _row(row: Any) -> CalendarRow:
    return CalendarRow(*row)


class SqlCalendarRepository(SqlRepository, CalendarRepository):
    def lock_owner(self, performer_id: int) -> None:
        statement = select(Performer.id).where(Performer.id == performer_id).with_for_update(key_share=True)
        if self.session.scalar(statement) is None:
            raise NotFound

    def list_own(self, performer_id: int) -> Sequence[CalendarRow]:
        statement = select(*_COLUMNS).where(ExternalCalendar.performer_id == performer_id)
        rows = self.session.execute(statement.order_by(ExternalCalendar.id))
        return [_row(row) for row in rows]

    def find_own(self, performer_id: int, calendar_id: int, *, lock: bool = False) -> CalendarRow | None:
        statement = select(*_COLUMNS).where(
            ExternalCalendar.id == calendar_id, ExternalCalendar.performer_id == performer_id
        )
        if lock:
            statement = statement.with_for_update(key_share=True)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _row(row)

    def add(self, performer_id: int, name: str, sealed: bytes, digest: bytes, now: datetime) -> CalendarRow:
        statement = insert(ExternalCalendar).values(
            performer_id=performer_id, name=name, url_sealed=sealed, url_hash=digest, created_at=now,
            next_fetch_at=now,
        )  # fmt: skip
        try:
            row = self.session.execute(statement.returning(*_COLUMNS)).one()
        except IntegrityError as error:
            # The only constraint that checked values can violate.
            raise CalendarKnown from error
        return _row(row)

    def remove(self, performer_id: int, calendar_id: int) -> bool:
        statement = delete(ExternalCalendar).where(
            ExternalCalendar.id == calendar_id, ExternalCalendar.performer_id == performer_id
        )
        return self.write(statement.returning(ExternalCalendar.id)).scalar() is not None

    def begin(self, calendar_id: int, until: datetime, asked: datetime | None = None) -> int:
        values: dict[str, Any] = {"fetch_number": ExternalCalendar.fetch_number + 1, "next_fetch_at": until}
        if asked is not None:
            values["refresh_asked_at"] = asked
        statement = update(ExternalCalendar).where(ExternalCalendar.id == calendar_id).values(values)
        return self.write(statement.returning(ExternalCalendar.fetch_number)).scalar_one()

    def begin_due(self, now: datetime, until: datetime, limit: int) -> Sequence[tuple[int, int]]:
        due = (
            select(ExternalCalendar.id)
            .join(Performer, Performer.id == ExternalCalendar.performer_id)
            .join(User, User.id == Performer.user_id)
            .where(ExternalCalendar.next_fetch_at <= now, User.is_active, User.deleted_at.is_(None))
            .order_by(ExternalCalendar.next_fetch_at, ExternalCalendar.id)
            .limit(limit)
            .with_for_update(of=ExternalCalendar, skip_locked=True, key_share=True)
        )
        statement = (
            update(ExternalCalendar)
            .where(ExternalCalendar.id.in_(due))
            .values(fetch_number=ExternalCalendar.fetch_number + 1, next_fetch_at=until)
            .returning(ExternalCalendar.id, ExternalCalendar.fetch_number)
        )
        return [(row.id, row.fetch_number) for row in self.write(statement)]

    def find_source(self, calendar_id: int, number: int) -> CalendarSource | None:
        statement = (
            select(
                ExternalCalendar.performer_id, Performer.user_id, Performer.timezone,
                ExternalCalendar.url_sealed, ExternalCalendar.etag, ExternalCalendar.last_modified,
                ExternalCalendar.content_hash, ExternalCalendar.read_at, ExternalCalendar.read_zone,
                ExternalCalendar.failures,
            )
            .join(Performer, Performer.id == ExternalCalendar.performer_id)
            .where(ExternalCalendar.id == calendar_id, ExternalCalendar.fetch_number == number)
        )  # fmt: skip
        row = self.session.execute(statement).one_or_none()
        return None if row is None else CalendarSource(*tuple(row))

    def lock_fetch(self, calendar_id: int, number: int) -> bool:
        statement = select(ExternalCalendar.id).where(
            ExternalCalendar.id == calendar_id, ExternalCalendar.fetch_number == number
        )
        return self.session.scalar(statement.with_for_update(key_share=True)) is not None

    def replace_busy(self, calendar_id: int, performer_id: int, spans: Sequence[Span], now: datetime) -> bool:
        known = {(row[0], row[1]) for row in self.session.execute(_BUSY, {"calendar_id": calendar_id})}
        wanted = set(spans)
        gone, new = known - wanted, wanted - known
        for statement, changed in ((_REMOVE, gone), (_ADD, new)):
            if changed:
                values = {
                    "calendar_id": calendar_id,
                    "performer_id": performer_id,
                    "lowers": [span[0] for span in changed],
                    "uppers": [span[1] for span in changed],
                }
                if statement is _REMOVE:
                    del values["performer_id"]
                self.session.execute(statement, values)
        return any(upper > now for _, upper in gone | new)

    def update(self, calendar_id: int, values: Mapping[str, Any]) -> None:
        self.write(update(ExternalCalendar).where(ExternalCalendar.id == calendar_id).values(values))

    def export(self, user_id: int) -> Iterator[CalendarRow]:
        statement = (
            select(*_COLUMNS)
            .join(Performer, Performer.id == ExternalCalendar.performer_id)
            .where(Performer.user_id == user_id)
            .order_by(ExternalCalendar.id)
        )
        for row in self.session.execute(statement):
            yield _row(row)

    def forget(self, user_id: int) -> None:
        own = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        self.write(delete(ExternalCalendar).where(ExternalCalendar.performer_id == own))
