"""Random callers around one full day: whatever they do, what the waiting list promises holds."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from marketplace.blueprints.waitlist.wiring import Waitlist
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Order, PerformerSchedule, User
from marketplace.testing import Factory
from tests.waitlist.conftest import HOUR, NINE, Day, events

STEPS = 60
ACTIONS = (
    *("join", "join", "join", "leave", "order", "hold", "give_back"),
    *("accept", "accept", "decline", "cancel", "cancel", "refill", "refill", "take", "take"),
    *("wait", "wait", "long wait"),
)
STARTS = tuple(NINE + number * HOUR for number in range(3))
WAITS = {"wait": (1, 20), "long wait": (20, 70)}
ENTRIES = """
    SELECT w.id, w.customer_id, w.offers, w.created_at, w.rests_until, w.offer_expires_at,
           b.id AS hold, b.offered, b.expires_at, lower(b.span) AS starts_at, upper(b.span) AS ends_at
    FROM waitlist_entry w
    LEFT JOIN booked_time b ON b.customer_id = w.customer_id AND b.performer_id = w.performer_id
        AND b.expires_at > :now
    ORDER BY w.offers, w.created_at, w.id"""
OFFERS = """
    SELECT customer_id, lower(span) AS starts_at, upper(span) AS ends_at, expires_at
    FROM booked_time WHERE offered AND expires_at > :now"""


@dataclass
class Walk:
    """A day of three hours, five customers, and what they do."""

    day: Day
    parts: Waitlist
    clock: FrozenClock
    customers: list[User]
    passer_by: User
    dice: random.Random
    held: dict[int, int]

    def read(self, sql: str) -> list[Any]:
        found = list(db.session.execute(text(sql), {"now": self.clock.now()}))
        db.session.commit()
        return found

    def settle(self) -> None:
        """All that is due has been done, at one moment."""
        self.day.run_jobs()
        self.parts.offering.sweep(0)
        self.day.run_jobs()

    def step(self) -> None:
        who = self.dice.choice(self.customers)
        action = self.dice.choice(ACTIONS)
        if action in {"order", "hold"}:
            self.book(who, action)
        elif action in {"accept", "decline", "cancel"}:
            self.decide(action)
        elif action in WAITS:
            self.clock.advance(timedelta(minutes=self.dice.randint(*WAITS[action])))
        else:
            getattr(self, action)(who)

    def join(self, who: User) -> None:
        assert self.day.join(who).status_code in {200, 409, 422}

    def leave(self, who: User) -> None:
        assert self.day.leave(who).status_code == 204

    def give_back(self, who: User) -> None:
        if who.id in self.held:
            path = f"/api/v1/holds/{self.held.pop(who.id)}"
            assert self.day.client.delete(path, headers=self.day.auth(who)).status_code in {204, 404}

    def take(self, _who: User) -> None:
        """Whoever has an offer books it."""
        for offer in self.read(OFFERS)[:1]:
            [found] = [one for one in self.customers if one.id == offer.customer_id]
            assert self.day.order(found, offer.starts_at).status_code == 201, "the offer can be booked"

    def book(self, who: User, how: str) -> None:
        """Order or hold any time: what is offered to another cannot be had."""
        at = self.dice.choice(STARTS)
        before = self.read(OFFERS)
        answer = self.day.order(who, at) if how == "order" else self.day.hold(who, at)
        assert answer.status_code in {201, 409, 422}
        if answer.status_code != 201:
            return
        for offer in before:
            overlaps = offer.starts_at < at + HOUR and at < offer.ends_at
            assert offer.customer_id == who.id or not overlaps, "offered time was sold to another"
        if how == "hold":
            self.held[who.id] = answer.json["id"]

    def refill(self, _who: User) -> None:
        """A passer-by books what is free, and gets it."""
        for at in self.free_starts():
            answer = self.day.order(self.passer_by, at)
            if answer.status_code == 201:
                path = f"/api/v1/orders/{answer.json['id']}/accept"
                accepted = self.day.client.post(path, json={}, headers=self.day.auth(self.day.owner))
                assert accepted.status_code == 200

    def decide(self, name: str) -> None:
        status = "confirmed" if name == "cancel" else "pending"
        found = db.session.scalars(select(Order.id).where(Order.status == status).order_by(Order.id)).all()
        db.session.commit()
        if not found:
            return
        path = f"/api/v1/orders/{self.dice.choice(found)}/{name}"
        answer = self.day.client.post(path, json={}, headers=self.day.auth(self.day.owner))
        if name == "accept":
            assert answer.status_code in {200, 409}
            if answer.status_code == 409 and answer.json["code"] == "slot_taken":
                booked = self.read("SELECT FROM booked_time WHERE NOT offered AND NOT isempty(span)")
                assert booked, "only offers stand in the way of an order that came before them"
        else:
            assert answer.status_code in {200, 409}

    def check(self, queue: list[Any]) -> None:
        """`queue` is how it stood before the jobs ran, at the same time."""
        now = self.clock.now()
        entries = self.read(ENTRIES)
        offers = {row.customer_id: row for row in self.read(OFFERS)}
        noted = {row.customer_id for row in entries if row.offer_expires_at is not None}
        assert set(offers) == noted, "offers and entries agree"
        for row in entries:
            if row.offer_expires_at is not None:
                assert row.expires_at == row.offer_expires_at
                assert row.expires_at <= min(now + HOUR / 2, row.starts_at)
                assert row.offers <= 2
        # Nobody waits while there is time that nobody has asked for.
        open_ = [at for at in self.free_starts() if at >= now + timedelta(minutes=10)]
        idle = [
            row for row in entries if row.hold is None and (row.rests_until is None or row.rests_until <= now)
        ]
        assert not (open_ and idle), f"{open_} is free for {idle}"
        # Who was offered time came before all who were not.
        keys = {row.id: (row.offers, row.created_at, row.id) for row in queue}
        was_ready = {
            row.id
            for row in queue
            if row.hold is None
            and row.offer_expires_at is None
            and (row.rests_until is None or row.rests_until <= now)
        }
        new = [row.id for row in entries if row.offer_expires_at is not None and row.id in was_ready]
        passed_over = [
            row.id for row in entries if row.offer_expires_at is None and row.id in was_ready and not row.hold
        ]
        assert all(keys[one] < keys[other] for one in new for other in passed_over)

    def free_starts(self) -> list[datetime]:
        """Starts that the public sees and that no pending order overlaps."""
        asked = self.read("""SELECT starts_at, ends_at FROM "order" WHERE status = 'pending'""")
        seen = [datetime(2026, 5, 5, int(at[:2]), int(at[3:]), tzinfo=UTC) for at in self.day.slots()]
        return [at for at in seen if not any(row.starts_at < at + HOUR and at < row.ends_at for row in asked)]


@pytest.mark.parametrize("seed", range(8))
def test_what_holds_whatever_is_done(
    day: Day, parts: Waitlist, make: Factory, clock: FrozenClock, seed: int
) -> None:
    schedule = db.session.get_one(PerformerSchedule, day.performer.id)
    schedule.weekly = text("'{[1980,2160)}'::int4multirange")  # type: ignore[assignment]  # SQL as a value
    db.session.commit()
    day.fill(*STARTS)
    walk = Walk(day, parts, clock, [make.user() for _ in range(5)], make.user(), random.Random(seed), {})
    day.waiting(*walk.customers[:3])
    for _ in range(STEPS):
        if clock.now() > NINE - HOUR:
            break
        walk.step()
        queue = walk.read(ENTRIES)
        walk.settle()
        walk.check(queue)
    names = [name for name, _ in events()]
    assert "waitlist.offered" in names, "the walk has come by what it is for"
