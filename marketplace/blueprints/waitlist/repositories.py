"""The SQL of the waiting list."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.blueprints.availability.contracts import MAX_AHEAD, Place
from marketplace.blueprints.waitlist.ports import (
    Candidate,
    DayCount,
    EndedOffer,
    EntryView,
    OfferedTime,
    OfferView,
    OrderedEntry,
    WaitlistRepository,
)
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.week import Spans, multirange
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, Service
from marketplace.models.performers import Performer
from marketplace.models.schedules import BookedTime
from marketplace.models.visibility import INITIAL, PERFORMER_IS_PUBLIC, SERVICE_IS_PUBLIC
from marketplace.models.waitlist import WaitlistEntry

_OFFER_LIVES = """
    b.customer_id = w.customer_id AND b.performer_id = w.performer_id AND b.offered
    AND b.expires_at = w.offer_expires_at AND b.expires_at > :now"""
_HOURS = "CAST(:market_hours AS int4multirange)"
# Days on which there is no room even without buffers and ways are left out first: there `first_start`, which
# differs by service and place, would find nothing for anybody.
_NEXT = text(f"""
    WITH waiting AS (
        SELECT w.id, w.customer_id, w.service_id, w.day, w.latitude, w.longitude, w.offers, w.created_at,
               p.timezone, make_interval(mins => s.duration_minutes::int) AS takes
        FROM waitlist_entry w
        JOIN "user" c ON c.id = w.customer_id
        JOIN performer p ON p.id = w.performer_id
        JOIN "user" u ON u.id = p.user_id
        JOIN service s ON s.id = w.service_id
        JOIN category k ON k.id = s.category_id
        WHERE w.performer_id = :performer_id AND w.offer_expires_at IS NULL
          AND (w.rests_until IS NULL OR w.rests_until <= :now)
          AND w.day >= (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date
          AND s.price_amount IS NOT NULL
          AND c.is_active AND c.deleted_at IS NULL AND (c.email_verified OR c.phone_verified)
          AND performer_is_public(p.active, p.status, u.is_active, u.deleted_at)
          AND service_is_public(s.is_active, s.deleted_at, s.hidden_at, k.is_active)
          AND NOT EXISTS (
              SELECT FROM booked_time b WHERE b.customer_id = w.customer_id
              AND b.performer_id = w.performer_id AND b.expires_at > :now
          )
    ), open_day AS MATERIALIZED (
        SELECT d.day
        FROM (SELECT day, timezone, min(takes) AS takes FROM waiting GROUP BY day, timezone) AS d,
        LATERAL (
            SELECT first_instant(d.day::timestamp, d.timezone) AS begins,
                   first_instant((d.day + 1)::timestamp, d.timezone) + d.takes AS ends
        ) AS t
        WHERE EXISTS (
            SELECT FROM unnest(
                working_hours(:performer_id, t.begins, t.ends, {_HOURS})
                - taken_time(:performer_id, t.begins, t.ends, :now, '0', '0', 0, NULL, NULL, NULL, NULL)
            ) AS span WHERE upper(span) - lower(span) >= d.takes
        )
    )
    SELECT w.id, w.customer_id, w.service_id, w.day, w.latitude, w.longitude, f.starts_at
    FROM (SELECT waiting.* FROM waiting JOIN open_day USING (day) ORDER BY day, offers, created_at, id) AS w,
    LATERAL (
        SELECT first_start(
            :performer_id, w.day, w.takes, :now, {_HOURS}, w.latitude, w.longitude, true
        ) AS starts_at OFFSET 0
    ) AS f
    WHERE f.starts_at <= CAST(:now AS timestamptz) + CAST(:ahead AS interval)
    ORDER BY w.day, w.offers, w.created_at, w.id
    LIMIT 1""")  # noqa: S608 - constants of this module
_ENDED = text(f"""
    SELECT w.id, w.customer_id, w.day, w.offers FROM waitlist_entry w
    WHERE w.performer_id = :performer_id AND w.offer_expires_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM booked_time b WHERE {_OFFER_LIVES})
    ORDER BY w.id""")  # noqa: S608 - constants of this module
_ORDERED = text(f"""
    SELECT w.id, w.customer_id, EXISTS (SELECT FROM booked_time b WHERE {_OFFER_LIVES}) AS is_offered
    FROM waitlist_entry w JOIN performer p ON p.id = w.performer_id
    WHERE w.performer_id = :performer_id AND EXISTS (
        SELECT FROM "order" o WHERE o.customer_id = w.customer_id AND o.performer_id = w.performer_id
        AND o.created_at >= w.created_at AND (o.starts_at AT TIME ZONE p.timezone)::date = w.day
        AND o.status NOT IN ('declined', 'expired', 'cancelled')
    )""")  # noqa: S608 - constants of this module
_PAST = text("""
    DELETE FROM waitlist_entry w USING performer p
    WHERE p.id = w.performer_id AND p.id = ANY(:performer_ids)
      AND w.day < (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date""")


class SqlWaitlistRepository(SqlRepository, WaitlistRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner, market_hours: Spans) -> None:
        super().__init__(uow)
        self._signer = signer
        self._market_hours = multirange(market_hours)

    def lock_customer(self, customer_id: int) -> None:
        self.lock_name(f"customer_waitlist:{customer_id}")

    def lock_queue(self, performer_id: int) -> None:
        self.lock_name(f"performer_waitlist:{performer_id}")

    def find_shortest_service(self, performer_id: int) -> int | None:
        statement = (
            select(Service.id)
            .join(Performer, Performer.id == Service.performer_id)
            .join(User, User.id == Performer.user_id)
            .join(Category, Category.id == Service.category_id)
            .where(
                Service.performer_id == performer_id,
                Service.price_amount.is_not(None),
                PERFORMER_IS_PUBLIC,
                SERVICE_IS_PUBLIC,
            )
            .order_by(Service.duration_minutes, Service.id)
            .limit(1)
        )
        return self.session.scalar(statement)

    def find(self, customer_id: int, performer_id: int, day: date, now: datetime) -> EntryView | None:
        statement = _entries(now).where(
            WaitlistEntry.customer_id == customer_id,
            WaitlistEntry.performer_id == performer_id,
            WaitlistEntry.day == day,
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _view(row)

    def count_days(self, customer_id: int) -> int:
        statement = select(func.count()).where(WaitlistEntry.customer_id == customer_id)
        return self.session.execute(statement).scalar_one()

    def count_waiting(self, performer_id: int, day: date) -> int:
        statement = select(func.count()).where(
            WaitlistEntry.performer_id == performer_id, WaitlistEntry.day == day
        )
        return self.session.execute(statement).scalar_one()

    def put(
        self,
        customer_id: int,
        performer_id: int,
        day: date,
        *,
        service_id: int,
        place: Place | None,
        now: datetime,
    ) -> None:
        values = {
            "service_id": service_id,
            "latitude": place and place.latitude,
            "longitude": place and place.longitude,
        }
        statement = insert(WaitlistEntry).values(
            customer_id=customer_id, performer_id=performer_id, day=day, created_at=now, **values
        )
        self.session.execute(
            statement.on_conflict_do_update(constraint="uq_waitlist_entry_customer_id_day", set_=values)
        )

    def remove(self, entry_ids: Sequence[int]) -> None:
        if entry_ids:
            self.write(delete(WaitlistEntry).where(WaitlistEntry.id.in_(entry_ids)))

    def list_own(self, customer_id: int, page: PageRequest, now: datetime) -> Page[EntryView]:
        statement = (
            _entries(now)
            .where(WaitlistEntry.customer_id == customer_id)
            .order_by(WaitlistEntry.day, WaitlistEntry.id)
        )
        filters = {"customer_id": customer_id}
        found = fetch_page(self.session, statement, page, self._signer, name="waitlist", filters=filters)
        return Page([_view(row) for row in found.items], next=found.next, previous=found.previous)

    def list_days(self, performer_id: int, page: PageRequest) -> Page[DayCount]:
        days = (
            select(WaitlistEntry.day, func.count().label("waiting"))
            .where(WaitlistEntry.performer_id == performer_id)
            .group_by(WaitlistEntry.day)
            .subquery()
        )
        statement: Select[Any] = select(days.c.day, days.c.waiting).order_by(days.c.day)
        filters = {"performer_id": performer_id}
        found = fetch_page(self.session, statement, page, self._signer, name="waitlist.days", filters=filters)
        return Page(
            [DayCount(row.day, row.waiting) for row in found.items], next=found.next, previous=found.previous
        )

    def is_awaited(self, performer_id: int) -> bool:
        statement = select(WaitlistEntry.id).where(WaitlistEntry.performer_id == performer_id).limit(1)
        return self.session.scalar(statement) is not None

    def find_next(self, performer_id: int, now: datetime) -> Candidate | None:
        values = {
            "performer_id": performer_id,
            "now": now,
            "market_hours": self._market_hours,
            "ahead": MAX_AHEAD,
        }
        row = self.session.execute(_NEXT, values).one_or_none()
        if row is None:
            return None
        return Candidate(row.id, row.customer_id, row.service_id, row.day, _place(row), row.starts_at)

    def find_ended(self, performer_id: int, now: datetime) -> Sequence[EndedOffer]:
        rows = self.session.execute(_ENDED, {"performer_id": performer_id, "now": now})
        return [EndedOffer(row.id, row.customer_id, row.day, row.offers) for row in rows]

    def find_ordered(self, performer_id: int, now: datetime) -> Sequence[OrderedEntry]:
        rows = self.session.execute(_ORDERED, {"performer_id": performer_id, "now": now})
        return [OrderedEntry(row.id, row.customer_id, row.is_offered) for row in rows]

    def hold_customer(self, customer_id: int) -> bool:
        statement = select(User.id).where(
            User.id == customer_id,
            User.is_active,
            User.deleted_at.is_(None),
            User.email_verified | User.phone_verified,
        )
        return self.session.scalar(statement.with_for_update(read=True)) is not None

    def mark_offered(self, entry_id: int, expires_at: datetime) -> int:
        statement = (
            update(WaitlistEntry)
            .where(WaitlistEntry.id == entry_id)
            .values(offers=WaitlistEntry.offers + 1, offer_expires_at=expires_at, rests_until=None)
            .returning(WaitlistEntry.offers)
        )
        offers = self.write(statement).scalar()
        if offers is None:
            raise NotFound
        return offers

    def mark_ended(self, entry_id: int, rests_until: datetime) -> None:
        statement = update(WaitlistEntry).where(WaitlistEntry.id == entry_id)
        self.write(statement.values(offer_expires_at=None, rests_until=rests_until))

    def find_offer_end(self, entry_id: int, number: int) -> tuple[int, datetime] | None:
        statement = select(WaitlistEntry.performer_id, WaitlistEntry.offer_expires_at).where(
            WaitlistEntry.id == entry_id,
            WaitlistEntry.offers == number,
            WaitlistEntry.offer_expires_at.is_not(None),
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else (row.performer_id, row.offer_expires_at)

    def list_offered(self, customer_id: int, now: datetime) -> Sequence[int]:
        statement = select(BookedTime.performer_id).where(
            BookedTime.customer_id == customer_id, BookedTime.offered, BookedTime.expires_at > now
        )
        return self.session.scalars(statement).all()

    def find_offered(
        self, customer_id: int, performer_id: int, day: date, now: datetime
    ) -> OfferedTime | None:
        statement = (
            select(
                Service.title,
                func.concat_ws(" ", User.first_name, INITIAL).label("performer"),
                Performer.timezone,
                func.lower(BookedTime.span).label("starts_at"),
                BookedTime.expires_at,
            )
            .select_from(WaitlistEntry)
            .join(BookedTime, _offer_lives(now))
            .join(Service, Service.id == BookedTime.service_id)
            .join(Performer, Performer.id == WaitlistEntry.performer_id)
            .join(User, User.id == Performer.user_id)
            .where(
                WaitlistEntry.customer_id == customer_id,
                WaitlistEntry.performer_id == performer_id,
                WaitlistEntry.day == day,
            )
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else OfferedTime(*row)

    def list_performers(self, after: int, limit: int) -> Sequence[int]:
        statement = (
            select(WaitlistEntry.performer_id)
            .where(WaitlistEntry.performer_id > after)
            .distinct()
            .order_by(WaitlistEntry.performer_id)
            .limit(limit)
        )
        return self.session.scalars(statement).all()

    def remove_past(self, performer_ids: Sequence[int], now: datetime) -> None:
        self.session.execute(_PAST, {"performer_ids": list(performer_ids), "now": now})

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        statement = (
            select(
                WaitlistEntry.performer_id,
                WaitlistEntry.service_id,
                cast(WaitlistEntry.day, Text).label("date"),
                WaitlistEntry.latitude,
                WaitlistEntry.longitude,
                WaitlistEntry.offers,
                WaitlistEntry.created_at,
            )
            .where(WaitlistEntry.customer_id == user_id)
            .order_by(WaitlistEntry.id)
        )
        return stream_rows(self.session, statement)

    def forget(self, user_id: int) -> None:
        own = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        self.write(
            delete(WaitlistEntry).where(
                (WaitlistEntry.customer_id == user_id) | (WaitlistEntry.performer_id == own)
            )
        )


def _entries(now: datetime) -> Select[Any]:
    return select(
        WaitlistEntry.id,
        WaitlistEntry.performer_id,
        WaitlistEntry.service_id,
        WaitlistEntry.day,
        WaitlistEntry.latitude,
        WaitlistEntry.longitude,
        WaitlistEntry.created_at,
        BookedTime.id.label("hold_id"),
        BookedTime.service_id.label("offered_service_id"),
        func.lower(BookedTime.span).label("starts_at"),
        func.upper(BookedTime.span).label("ends_at"),
        BookedTime.expires_at,
    ).outerjoin(BookedTime, _offer_lives(now))


def _offer_lives(now: datetime) -> ColumnElement[bool]:
    return and_(
        BookedTime.customer_id == WaitlistEntry.customer_id,
        BookedTime.performer_id == WaitlistEntry.performer_id,
        BookedTime.offered,
        BookedTime.expires_at == WaitlistEntry.offer_expires_at,
        BookedTime.expires_at > now,
    )


def _place(row: Row[Any]) -> Place | None:
    return None if row.latitude is None else Place(row.latitude, row.longitude)


def _view(row: Row[Any]) -> EntryView:
    offer = None
    if row.hold_id is not None:
        offer = OfferView(row.hold_id, row.offered_service_id, row.starts_at, row.ends_at, row.expires_at)
    return EntryView(
        row.id,
        row.performer_id,
        row.service_id,
        row.day,
        _place(row),
        row.created_at,
        offer,
    )
