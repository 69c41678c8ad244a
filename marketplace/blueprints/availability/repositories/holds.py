"""The SQL of the times that customers hold."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, Text, bindparam, cast, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE, Insert, Range, insert

from marketplace.blueprints.availability.contracts import Booking
from marketplace.blueprints.availability.ports.slots import HoldCount, HoldRepository, HoldView
from marketplace.database.repository import SqlRepository
from marketplace.models.schedules import BookedTime

_NOTHING = literal(Range(empty=True), TSTZRANGE)
_ENDED = {"span": _NOTHING, "padded": _NOTHING}


class SqlHoldRepository(SqlRepository, HoldRepository):
    def lock_customer(self, customer_id: int) -> None:
        self.lock_name(f"customer_holds:{customer_id}")

    def lock_calendar(self, performer_id: int) -> None:
        self.lock_name(f"performer_calendar:{performer_id}")

    def clear_ended(self, performer_id: int, now: datetime) -> None:
        self.write(
            update(BookedTime)
            .where(
                BookedTime.performer_id == performer_id,
                BookedTime.expires_at <= now,
                ~func.isempty(BookedTime.span),
            )
            .values(**_ENDED)
        )

    def find(self, customer_id: int, performer_id: int, now: datetime) -> HoldView | None:
        return self._find(_live(customer_id, now).where(BookedTime.performer_id == performer_id))

    def find_by_id(self, customer_id: int, hold_id: int, now: datetime) -> HoldView | None:
        return self._find(_live(customer_id, now).where(BookedTime.id == hold_id))

    def _find(self, statement: Select[Any]) -> HoldView | None:
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _view(row)

    def count(self, customer_id: int, performer_id: int, now: datetime) -> HoldCount:
        mine = BookedTime.performer_id == performer_id
        statement = select(
            func.max(BookedTime.counted_from).filter(mine),
            func.coalesce(func.max(BookedTime.count).filter(mine), 0),
            func.count().filter(~mine, BookedTime.expires_at > now, ~BookedTime.offered),
        ).where(BookedTime.customer_id == customer_id)
        return HoldCount(*self.session.execute(statement).one())

    def place(
        self, booking: Booking, customer_id: int, service_id: int, expires_at: datetime, counted: HoldCount
    ) -> HoldView:
        values = _values(booking, service_id, expires_at, offered=False)
        values |= {"counted_from": counted.since, "count": counted.times}
        statement = _upsert(booking, customer_id, values).returning(*_COLUMNS)
        return _view(self.session.execute(statement).one())

    def offer(self, booking: Booking, customer_id: int, service_id: int, expires_at: datetime) -> None:
        values = _values(booking, service_id, expires_at, offered=True)
        self.session.execute(_upsert(booking, customer_id, values))

    def end(
        self,
        customer_id: int,
        now: datetime,
        *,
        performer_id: int,
        around: Sequence[Booking] | None = None,
    ) -> bool:
        values: dict[str, Any] = {"customer": customer_id, "performer": performer_id, "now": now}
        if around is None:
            return self.run(_END, values).first() is not None
        ranges = [f"[{time.padded_from.isoformat()},{time.padded_to.isoformat()})" for time in around]
        values["around"] = "{" + ",".join(ranges) + "}"
        return self.run(_END_AROUND, values).first() is not None

    def remove_ended(self, before: datetime) -> int:
        statement = delete(BookedTime).where(BookedTime.expires_at < before).returning(BookedTime.id)
        return len(self.write(statement).all())

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: what the user holds, or held lately."""
        statement = select(BookedTime.performer_id, BookedTime.service_id, BookedTime.expires_at).where(
            BookedTime.customer_id == user_id
        )
        for row in self.session.execute(statement):
            yield {
                "performer_id": row.performer_id,
                "service_id": row.service_id,
                "expires_at": row.expires_at,
            }

    def forget(self, user_id: int) -> None:
        """Delete the user's holds."""
        self.write(delete(BookedTime).where(BookedTime.customer_id == user_id))


_END = (
    update(BookedTime)
    .where(
        BookedTime.customer_id == bindparam("customer"),
        BookedTime.performer_id == bindparam("performer"),
        BookedTime.expires_at > bindparam("now"),
    )
    .values(expires_at=bindparam("now"), **_ENDED)
    .returning(BookedTime.id)
)
_END_AROUND = _END.where(BookedTime.padded.op("&&")(cast(bindparam("around", type_=Text), TSTZMULTIRANGE)))
_COLUMNS = (
    BookedTime.id,
    BookedTime.performer_id,
    BookedTime.service_id,
    func.lower(BookedTime.span).label("starts_at"),
    func.upper(BookedTime.span).label("ends_at"),
    BookedTime.expires_at,
)


def _values(booking: Booking, service_id: int, expires_at: datetime, *, offered: bool) -> dict[str, Any]:
    return {
        "span": Range(booking.starts_at, booking.ends_at),
        "padded": Range(booking.padded_from, booking.padded_to),
        "latitude": booking.place and booking.place.latitude,
        "longitude": booking.place and booking.place.longitude,
        "service_id": service_id,
        "expires_at": expires_at,
        "offered": offered,
    }


def _upsert(booking: Booking, customer_id: int, values: dict[str, Any]) -> Insert:
    """In place of the customer's row with this performer, whose other columns stay."""
    statement = insert(BookedTime).values(
        performer_id=booking.performer_id, customer_id=customer_id, **values
    )
    return statement.on_conflict_do_update(
        index_elements=["customer_id", "performer_id"],
        index_where=BookedTime.customer_id.is_not(None),
        set_=values,
    )


def _live(customer_id: int, now: datetime) -> Select[Any]:
    return select(*_COLUMNS).where(BookedTime.customer_id == customer_id, BookedTime.expires_at > now)


def _view(row: Row[Any]) -> HoldView:
    return HoldView(**row._mapping)
