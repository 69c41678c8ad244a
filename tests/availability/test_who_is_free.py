"""The conditions that lists ask before `bookable_time`: they leave nobody out, and what they ask of is right."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range

from marketplace.database.free_time import FreeSpan
from marketplace.database.keyset import KeysetPosition, PageStatement
from marketplace.database.listings import PERFORMERS, SERVICES, ListingQuery, build_page
from marketplace.extensions import db
from marketplace.kernel.week import multirange
from marketplace.models import BookedTime, Performer, ScheduleException, User, Vacation
from marketplace.testing import START, Factory

HOUR = timedelta(hours=1)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Pacific/Apia",
)
MARKET = multirange(((540, 1080), (1980, 2520), (3420, 3960)))
NIGHTS = tuple(
    datetime(*day, tzinfo=UTC) for day in ((2026, 10, 25), (2026, 10, 4), (2026, 11, 1), (2027, 3, 28))
)
_BOOKABLE = text("""
    SELECT l.performer_id FROM performer_listing l WHERE l.city_id = :city_id AND EXISTS (
        SELECT FROM unnest(bookable_time(
            l.performer_id, :start, :end, :now, 900, CAST(:hours AS int4multirange), NULL, NULL, NULL
        )) AS span WHERE upper(span) - lower(span) >= interval '15 minutes'
    )""")
_DIFFERENCES = text("""
    SELECT count(*) FROM performer_week w FULL JOIN (
        SELECT p.id, p.timezone, s.weekly FROM performer p LEFT JOIN performer_schedule s ON s.performer_id = p.id
    ) AS p ON p.id = w.performer_id
    WHERE (w.performer_id, w.timezone, w.weekly) IS DISTINCT FROM (p.id, p.timezone, p.weekly)""")


def set_week(performer_id: int, weekly: str) -> None:
    statement = """
        INSERT INTO performer_schedule (performer_id, weekly, buffer_after_minutes)
        VALUES (:id, CAST(:weekly AS int4multirange), 10)
        ON CONFLICT (performer_id) DO UPDATE SET weekly = excluded.weekly"""
    db.session.execute(text(statement), {"id": performer_id, "weekly": weekly})


def random_week(rng: random.Random) -> str:
    days = [day * 1440 for day in range(7) if rng.random() < 0.6]
    spans = [(day + rng.choice((0, 60, 545)), day + rng.choice((700, 1080, 1440))) for day in days]
    return multirange(tuple(spans))


def page(free: FreeSpan, city_id: int, table: Any = PERFORMERS) -> PageStatement:
    return build_page(table, ListingQuery(city_id=city_id, free=free), KeysetPosition(), 1_000)


def ids(found: PageStatement) -> set[int]:
    rows = db.session.connection().exec_driver_sql(found.sql, found.parameters)
    return {row.id for row in rows}


def decided(found: PageStatement) -> int:
    """How often the statement asks `bookable_time`."""
    explain = f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) {found.sql}"
    plan = db.session.connection().exec_driver_sql(explain, found.parameters).scalar_one()

    def loops(node: Any) -> int:
        own = node["Actual Loops"] if node.get("Function Name") == "unnest" else 0
        return int(own) + sum(loops(one) for one in node.get("Plans", ()))

    return loops((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def test_weeks_equal_a_recount(make: Factory) -> None:
    rng = random.Random(3)
    performers = [make.performer(timezone=rng.choice(ZONES)) for _ in range(6)]
    for _ in range(60):
        performer = rng.choice(performers)
        kind = rng.randrange(5)
        if kind < 2:
            set_week(performer.id, random_week(rng))
        elif kind == 2:
            db.session.execute(
                text("DELETE FROM performer_schedule WHERE performer_id = :id"), {"id": performer.id}
            )
        elif kind == 3:
            statement = text("UPDATE performer SET timezone = :zone WHERE id = :id")
            db.session.execute(statement, {"id": performer.id, "zone": rng.choice(ZONES)})
        else:
            # As of a performer of before the table, until the migration has filled it.
            db.session.execute(
                text("DELETE FROM performer_week WHERE performer_id = :id"), {"id": performer.id}
            )
            set_week(performer.id, random_week(rng))
        assert db.session.scalar(_DIFFERENCES) == 0


def test_nobody_who_is_free_is_left_out(make: Factory) -> None:
    """Whatever hours, bookings, holds, exceptions and vacations, on nights when clocks change too."""
    rng = random.Random(11)
    city, customer = make.city(), make.user()
    spans = {}
    for number in range(18):
        performer = make.performer(city_id=city.id, timezone=ZONES[number % len(ZONES)])
        if number % 3:
            set_week(performer.id, random_week(rng))
        service = make.service(performer, duration_minutes=rng.choice((15, 120, 600)))
        spans[service.id] = performer.id
        for night in NIGHTS:
            at = night + rng.randrange(-30, 30) * HOUR
            make.order(
                customer, service, status="confirmed", starts_at=at, ends_at=at + rng.randrange(1, 20) * HOUR
            )
            for kind in ("available", "unavailable"):
                away = night + rng.randrange(-40, 40) * HOUR
                ends = away + rng.randrange(1, 30) * HOUR
                db.session.add(
                    ScheduleException(performer_id=performer.id, kind=kind, starts_at=away, ends_at=ends)
                )
            if rng.random() < 0.4:
                day = night.date() + timedelta(days=rng.randrange(-2, 2))
                until = day + timedelta(days=rng.randrange(4))
                db.session.add(Vacation(performer_id=performer.id, starts_on=day, ends_on=until))
    db.session.flush()
    asked, answers = 0, set()
    for _ in range(150):
        start = rng.choice(NIGHTS) + timedelta(minutes=rng.randrange(-2_880, 2_880))
        free = FreeSpan(
            start, start + timedelta(minutes=rng.choice((15, 61, 240, 1_440, 3_000))), START, MARKET
        )
        values = {"city_id": city.id, "start": free.start, "end": free.end, "now": free.now, "hours": MARKET}
        wanted = set(db.session.execute(_BOOKABLE, values).scalars())
        assert ids(page(free, city.id)) == wanted, free
        assert {spans[one] for one in ids(page(free, city.id, SERVICES))} <= wanted
        asked += decided(page(free, city.id))
        answers |= {one in wanted for one in spans.values()}
    assert answers == {True, False}
    assert asked < 150 * 18 * 0.75


def test_those_who_do_not_work_are_not_decided_on(make: Factory) -> None:
    """At night nobody is asked; at noon nobody whose time is booked, held, or away."""
    city = make.city()
    made: list[Performer] = [make.performer(city_id=city.id, timezone="Europe/Berlin") for _ in range(9)]
    services = [make.service(performer, duration_minutes=60) for performer in made]
    night = FreeSpan(*(datetime(2026, 5, 12, hour, tzinfo=UTC) for hour in (1, 3)), START, MARKET)
    noon = FreeSpan(*(datetime(2026, 5, 12, hour, tzinfo=UTC) for hour in (10, 12)), START, MARKET)
    assert (decided(page(night, city.id)), ids(page(night, city.id))) == (0, set())
    assert (decided(page(noon, city.id)), len(ids(page(noon, city.id)))) == (9, 9)
    customer: User = make.user()
    make.order(customer, services[0], status="confirmed", starts_at=noon.start, ends_at=noon.end)
    span = Range(noon.start, noon.end)
    for place, ends in ((1, START + HOUR), (2, START - HOUR)):
        db.session.add(
            BookedTime(
                performer_id=made[place].id,
                span=span,
                padded=span,
                customer_id=customer.id,
                expires_at=ends,
            )
        )
    db.session.add_all(
        [
            ScheduleException(
                performer_id=made[3].id, kind="unavailable", starts_at=noon.start, ends_at=noon.end
            ),
            Vacation(performer_id=made[4].id, starts_on=date(2026, 5, 10), ends_on=date(2026, 5, 14)),
            ScheduleException(
                performer_id=made[5].id, kind="available", starts_at=night.start, ends_at=night.end
            ),
        ]
    )
    db.session.flush()
    assert decided(page(noon, city.id)) == 5
    assert ids(page(noon, city.id)) == {made[place].id for place in (2, 5, 6, 7, 8)}
    assert (decided(page(night, city.id)), ids(page(night, city.id))) == (1, {made[5].id})
