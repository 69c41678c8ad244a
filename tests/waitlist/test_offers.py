"""Offers: time that becomes free is kept for who waits, one after the other."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from marketplace.blueprints.waitlist.wiring import Waitlist
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import BookedTime, PerformerSchedule, User, WaitlistEntry
from marketplace.testing import START, Factory
from tests.support.people import Messages
from tests.waitlist.conftest import (
    HALF_AN_HOUR,
    HOUR,
    NINE,
    TEN,
    TUESDAY,
    Day,
    events,
    problem,
    status_of,
)


@pytest.fixture
def ann(make: Factory) -> User:
    return make.user()


@pytest.fixture
def bob(make: Factory) -> User:
    return make.user()


@pytest.fixture
def eve(make: Factory) -> User:
    return make.user()


def test_the_first_who_waits_is_offered_what_becomes_free(day: Day, ann: User, bob: User, eve: User) -> None:
    day.fill()
    day.waiting(ann, bob)
    assert day.offer(ann) is None
    day.cancel()
    offer = day.offer(ann)
    assert {**offer, "hold_id": 0} == {
        "hold_id": 0,
        "service_id": day.service.id,
        "starts_at": "2026-05-05T09:00:00Z",
        "ends_at": "2026-05-05T10:00:00Z",
        "expires_at": "2026-05-04T09:30:00Z",
    }
    assert day.offer(bob) is None
    assert day.slots() == [], "nobody else sees the time"
    for other in (bob, eve):
        assert problem(day.order(other)) == (409, "slot_taken")
        assert problem(day.hold(other)) == (409, "slot_taken")
    told = day.client.get("/api/v1/notifications", headers=day.auth(ann)).json["items"]
    assert [(one["topic"], one["data"]["starts_at"], one["data"]["expires_at"]) for one in told] == [
        ("waitlist.offered", "2026-05-05T09:00:00Z", "2026-05-04T09:30:00Z")
    ]
    assert day.client.get("/api/v1/notifications", headers=day.auth(bob)).json["items"] == []


def test_an_order_uses_the_offer_up(day: Day, ann: User, bob: User) -> None:
    """Its time is not offered to the next while the performer has not answered."""
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    made = day.order(ann)
    assert made.status_code == 201
    day.run_jobs()
    assert not day.is_waiting(ann)
    assert day.offer(bob) is None, "an offer would keep the performer from accepting"
    assert day.step(day.owner, made.json["id"], "accept").status_code == 200
    assert [name for name, _ in events()].count("waitlist.offer_lapsed") == 0
    assert day.is_waiting(bob)


def test_an_offer_in_the_moment_of_an_order_is_used_up_too(day: Day, ann: User) -> None:
    """Both were stored at once, and neither saw the other."""
    day.fill()
    day.waiting(ann)
    day.cancel()
    made = day.make.order(ann, day.service, starts_at=NINE, created_at=START)
    assert day.offer(ann) is not None
    day.cancel(1)
    assert not day.is_waiting(ann)
    held = db.session.scalars(select(BookedTime.id).where(BookedTime.expires_at > START)).all()
    db.session.commit()
    assert held == []
    assert day.step(day.owner, made.id, "accept").status_code == 200


def test_a_declined_order_goes_on_to_the_next(day: Day, ann: User, bob: User) -> None:
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    made = day.order(ann).json
    day.run_jobs()
    assert day.step(day.owner, made["id"], "decline").status_code == 200
    assert day.offer(bob)["starts_at"] == "2026-05-05T09:00:00Z"


def test_who_lets_an_offer_pass_makes_room_for_the_next(
    day: Day, ann: User, bob: User, clock: FrozenClock
) -> None:
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    clock.advance(HALF_AN_HOUR)
    day.run_jobs()
    assert day.offer(ann) is None
    assert day.offer(bob)["expires_at"] == "2026-05-04T10:00:00Z"
    assert problem(day.order(ann)) == (409, "slot_taken"), "the offer has ended"
    assert day.order(bob).status_code == 201
    names = [name for name, _ in events()]
    assert names[2:] == ["waitlist.offered", "waitlist.offer_lapsed", "waitlist.offered"]
    assert events()[-2][1]["waiting"] is True


def test_time_that_nobody_wants_is_everybodys(
    day: Day, ann: User, eve: User, clock: FrozenClock, parts: Waitlist
) -> None:
    """Who let an offer pass gets no other one for an hour, and the second was the last."""
    day.fill()
    day.waiting(ann)
    day.cancel()
    clock.advance(HALF_AN_HOUR)
    day.run_jobs()
    assert day.slots() == ["09:00"]
    assert day.offer(ann) is None
    assert day.is_waiting(ann)
    clock.advance(HOUR)
    parts.offering.sweep(0)
    day.run_jobs()
    assert day.offer(ann)["expires_at"] == "2026-05-04T11:00:00Z"
    clock.advance(HALF_AN_HOUR)
    day.run_jobs()
    assert not day.is_waiting(ann)
    assert day.slots() == ["09:00"]
    assert day.order(eve).status_code == 201
    assert events()[-1] == (
        "waitlist.offer_lapsed",
        {
            "customer_id": ann.id,
            "performer_id": day.performer.id,
            "date": "2026-05-05",
            "waiting": False,
        },
    )
    assert problem(day.join(ann)) == (409, "day_not_full"), "who comes back needs a full day"


def test_who_had_an_offer_comes_after_all_who_had_none(
    day: Day, ann: User, bob: User, eve: User, clock: FrozenClock
) -> None:
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    clock.advance(HALF_AN_HOUR)
    day.run_jobs()
    asked = day.order(bob).json
    day.run_jobs()
    assert day.step(day.owner, asked["id"], "accept").status_code == 200
    day.waiting(eve)
    clock.advance(2 * HOUR)
    day.cancel(1)
    assert day.offer(ann) is None
    assert day.offer(eve)["starts_at"] == "2026-05-05T10:00:00Z"


def test_leaving_passes_the_offer_on(day: Day, ann: User, bob: User) -> None:
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    assert day.leave(ann).status_code == 204
    day.run_jobs()
    assert day.offer(bob)["starts_at"] == "2026-05-05T09:00:00Z"
    assert day.leave(ann).status_code == 204, "twice is once"
    assert [name for name, _ in events()].count("waitlist.left") == 1


def test_giving_the_hold_back_passes_the_offer_on(day: Day, ann: User, bob: User) -> None:
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    hold = day.offer(ann)["hold_id"]
    assert day.client.delete(f"/api/v1/holds/{hold}", headers=day.auth(ann)).status_code == 204
    day.run_jobs()
    assert day.offer(bob) is not None
    assert day.is_waiting(ann)


def test_holding_the_offered_slot_is_the_offer_and_another_one_gives_it_up(
    day: Day, ann: User, bob: User
) -> None:
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    held = day.hold(ann).json
    assert (held["id"], held["expires_at"]) == (day.offer(ann)["hold_id"], "2026-05-04T09:30:00Z")
    next_week = NINE + timedelta(days=7)
    moved = day.hold(ann, next_week).json
    assert moved["expires_at"] == "2026-05-04T09:05:00Z", "a hold as any other"
    day.run_jobs()
    assert day.offer(ann) is None
    assert day.offer(bob) is not None


def test_who_holds_time_is_passed_over(
    day: Day, ann: User, bob: User, clock: FrozenClock, parts: Waitlist
) -> None:
    day.fill()
    day.waiting(ann, bob)
    assert day.hold(ann, NINE + timedelta(days=7)).status_code == 201
    day.cancel()
    assert day.offer(ann) is None
    assert day.offer(bob) is not None
    day.cancel(1)
    clock.advance(timedelta(minutes=5))
    parts.offering.sweep(0)
    day.run_jobs()
    assert day.offer(ann)["starts_at"] == "2026-05-05T10:00:00Z", "the hold has run out"


def test_offers_are_no_holds_that_count(day: Day, ann: User, make: Factory, clock: FrozenClock) -> None:
    """One holds time of five performers besides, and this one's as often as without the offer."""
    day.fill()
    day.waiting(ann)
    day.cancel()
    others = [make.service(make.performer(timezone="UTC")) for _ in range(6)]
    headers = day.auth(ann)
    answers = [
        day.client.post(
            f"/api/v1/performers/{one.performer_id}/holds",
            json={"service_id": one.id, "starts_at": NINE.isoformat()},
            headers=headers,
        ).status_code
        for one in others
    ]
    assert answers == [201] * 5 + [409]
    clock.advance(timedelta(minutes=6))
    next_week = NINE + timedelta(days=7)
    for _ in range(4):
        assert day.hold(ann, next_week).status_code == 201
        clock.advance(timedelta(minutes=5))
    assert problem(day.hold(ann, next_week)) == (409, "too_many_holds")


def test_two_free_slots_are_offered_to_two(day: Day, ann: User, bob: User, eve: User) -> None:
    day.fill()
    day.waiting(ann, bob, eve)
    for number in (0, 1):
        path = f"/api/v1/orders/{day.orders[number]}/cancel"
        assert day.client.post(path, headers=day.auth(day.owner)).status_code == 200
    day.run_jobs()
    starts = [offer and offer["starts_at"][11:16] for offer in map(day.offer, (ann, bob, eve))]
    assert starts == ["09:00", "10:00", None]


def test_who_needs_more_time_than_is_free_keeps_waiting(
    day: Day, make: Factory, ann: User, bob: User
) -> None:
    long = make.service(day.performer, duration_minutes=120)
    day.fill()
    assert day.join(ann, service_id=long.id).json["service_id"] == long.id
    day.waiting(bob)
    day.cancel()
    assert day.offer(ann) is None
    assert day.offer(bob) is not None
    assert day.leave(bob).status_code == 204
    day.cancel(1)
    offer = day.offer(ann)
    assert (offer["service_id"], offer["ends_at"]) == (long.id, "2026-05-05T11:00:00Z")


def test_more_working_time_is_offered(day: Day, ann: User) -> None:
    day.fill()
    day.waiting(ann)
    body = {
        "kind": "available",
        "starts_at": (TEN + 3 * HOUR).isoformat(),
        "ends_at": (TEN + 4 * HOUR).isoformat(),
    }
    answer = day.client.post("/api/v1/performers/me/exceptions", json=body, headers=day.auth(day.owner))
    assert answer.status_code == 201
    day.run_jobs()
    assert day.offer(ann)["starts_at"] == "2026-05-05T13:00:00Z"


def test_a_hold_that_runs_out_is_offered_by_the_sweep(
    day: Day, ann: User, bob: User, clock: FrozenClock, parts: Waitlist
) -> None:
    day.fill(NINE)
    assert day.hold(bob, TEN).status_code == 201
    day.waiting(ann)
    clock.advance(timedelta(minutes=5))
    assert parts.offering.sweep(0) is None
    day.run_jobs()
    assert day.offer(ann)["starts_at"] == "2026-05-05T10:00:00Z"


def test_pending_orders_are_not_kept_from_being_accepted(day: Day, ann: User, bob: User) -> None:
    day.fill(NINE)
    asked = day.order(bob, TEN).json
    day.fill(TEN)
    day.waiting(ann)
    day.cancel(1)
    assert day.offer(ann) is None
    assert day.step(day.owner, asked["id"], "accept").status_code == 200
    assert status_of(asked["id"]) == "confirmed"


def test_an_offer_ends_with_the_notice(day: Day, ann: User, clock: FrozenClock) -> None:
    """Where less than ten minutes are left, there is none."""
    db.session.execute(update(PerformerSchedule).values(notice_minutes=60))
    db.session.commit()
    day.fill()
    clock.set(NINE - HOUR - timedelta(minutes=30))
    day.waiting(ann)
    clock.advance(timedelta(minutes=15))
    day.cancel()
    assert day.offer(ann)["expires_at"] == "2026-05-05T08:00:00Z"
    clock.advance(timedelta(minutes=15))
    day.run_jobs()
    assert day.offer(ann) is None
    assert day.is_waiting(ann)


def test_no_offer_with_less_than_ten_minutes(day: Day, ann: User, clock: FrozenClock) -> None:
    day.fill()
    clock.set(NINE - HOUR)
    day.waiting(ann)
    clock.set(NINE - timedelta(minutes=9))
    day.cancel()
    assert day.offer(ann) is None


@pytest.mark.parametrize("why", ["blocked", "deleted", "unverified", "paused", "service"])
def test_no_offer_without_the_right_to_book(day: Day, ann: User, bob: User, why: str) -> None:
    day.fill()
    day.waiting(ann)
    if why in {"paused", "service"}:
        row = day.performer if why == "paused" else day.service
        setattr(row, "active" if why == "paused" else "is_active", False)
    elif why == "blocked":
        ann.is_active = False
    elif why == "deleted":
        ann.deleted_at = START
    else:
        ann.email_verified = False
    db.session.commit()
    day.waiting() if why in {"paused", "service"} else day.waiting(bob)
    day.cancel()
    found = db.session.scalars(select(BookedTime.customer_id).where(BookedTime.offered)).all()
    assert found == ([] if why in {"paused", "service"} else [bob.id])
    assert db.session.scalar(select(WaitlistEntry.offers).where(WaitlistEntry.customer_id == ann.id)) == 0


@pytest.mark.parametrize("how", ["blocked", "deleted"])
def test_the_offer_of_a_customer_who_goes_is_passed_on(
    day: Day, make: Factory, ann: User, bob: User, how: str
) -> None:
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    if how == "blocked":
        path, headers = f"/api/v1/admin/users/{ann.id}/block", day.auth(make.staff("admin"))
        assert day.client.post(path, json={"reason": "Rude"}, headers=headers).status_code == 200
    else:
        headers = day.auth(ann)
        tag = day.client.get("/api/v1/user/me", headers=headers).headers["ETag"]
        headers["If-Match"] = tag
        assert day.client.delete("/api/v1/user/me", headers=headers).status_code == 204
    day.run_jobs()
    assert day.offer(bob) is not None


def test_late_early_and_doubled_jobs_do_nothing(
    day: Day, ann: User, bob: User, clock: FrozenClock, parts: Waitlist
) -> None:
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    before = day.offer(ann), len(events())
    for _ in range(3):
        parts.offering.tend(day.performer.id)
    parts.offering.tend(day.performer.id + 1)
    assert (day.offer(ann), len(events())) == before
    entry = db.session.scalar(select(WaitlistEntry.id).where(WaitlistEntry.customer_id == ann.id))
    assert entry is not None
    clock.advance(HALF_AN_HOUR)
    parts.offering.run_out(entry, 1)
    after = day.offer(bob), len(events())
    for number in (1, 2, 7):
        parts.offering.run_out(entry, number)
    parts.offering.run_out(entry + 1000, 1)
    day.run_jobs()
    assert (day.offer(bob), len(events())) == after


def test_past_days_are_swept(day: Day, ann: User, clock: FrozenClock, parts: Waitlist) -> None:
    day.fill()
    day.waiting(ann)
    clock.set(NINE + 14 * HOUR)
    parts.offering.sweep(0)
    day.run_jobs()
    assert day.is_waiting(ann)
    clock.set(NINE + 15 * HOUR)
    parts.offering.sweep(0)
    day.run_jobs()
    assert not day.is_waiting(ann)


def test_an_order_for_another_day_leaves_the_customer_waiting(day: Day, ann: User, bob: User) -> None:
    """But with it the customer's hold ends, which the offer is."""
    day.fill()
    day.waiting(ann, bob)
    day.cancel()
    assert day.order(ann, NINE + timedelta(days=7)).status_code == 201
    day.run_jobs()
    assert day.is_waiting(ann)
    assert day.offer(bob)["starts_at"] == "2026-05-05T09:00:00Z"
    assert TUESDAY.isoformat() == "2026-05-05"


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "The time that you wait for is free"),
        ("es", "La hora que esperaba está libre"),
        ("ar", "الوقت الذي تنتظره أصبح متاحًا"),
    ],
)
def test_an_offer_is_mailed(day: Day, make: Factory, messages: Messages, locale: str, subject: str) -> None:
    """With the times of the performer's zone, and only to a confirmed address."""
    ann, phoned = (
        make.user(locale=locale),
        make.user(email_verified=False, phone_verified=True, phone="+4930901"),
    )
    day.performer.timezone = "Asia/Kolkata"
    db.session.commit()
    at = NINE - 5.5 * HOUR
    day.fill(at, at + HOUR)
    day.waiting(ann, phoned)
    day.cancel(0)
    day.cancel(1)
    assert day.offer(phoned) is not None
    [mail] = messages.all("waitlist_offered")
    assert (mail["to"], mail["subject"]) == (ann.email, subject)
    for told in (ann.first_name, day.service.title, "2026-05-05", "09:00", "15:00", "Asia/Kolkata"):
        assert told in mail["text"]


def test_an_offer_that_has_ended_is_not_mailed(
    day: Day, make: Factory, messages: Messages, parts: Waitlist, clock: FrozenClock
) -> None:
    ann = make.user()
    day.fill()
    day.waiting(ann)
    day.cancel()
    assert len(messages.all("waitlist_offered")) == 1
    clock.advance(HALF_AN_HOUR)
    parts.mail.send(ann.id, day.performer.id, TUESDAY)
    assert len(messages.all("waitlist_offered")) == 1


def test_nobody_opens_a_day_by_a_change_of_service(day: Day, make: Factory) -> None:
    long, whole = (make.service(day.performer, duration_minutes=minutes) for minutes in (180, 120))
    ann = make.user()
    db.session.commit()
    assert problem(day.join(ann, service_id=whole.id)) == (409, "day_not_full")
    assert day.join(ann, service_id=long.id).status_code == 200
    assert problem(day.join(ann, service_id=whole.id)) == (409, "day_not_full")
    day.run_jobs()
    assert day.offer(ann) is None


def test_nobody_waits_for_a_day_that_is_full_by_an_own_hold(day: Day, make: Factory) -> None:
    day.fill(NINE)
    ann = make.user()
    db.session.commit()
    assert day.hold(ann, TEN).status_code == 201
    assert problem(day.join(ann)) == (409, "day_not_full")


def test_a_service_without_a_price_is_not_offered(day: Day, make: Factory) -> None:
    day.fill()
    ann = make.user()
    db.session.commit()
    assert day.join(ann).status_code == 200
    day.service.pricing, day.service.price_amount, day.service.price_currency = "quote", None, None
    db.session.commit()
    path = f"/api/v1/orders/{day.orders[0]}/cancel"
    assert day.client.post(path, headers=day.auth(day.owner)).status_code == 200
    day.run_jobs()
    assert day.offer(ann) is None


def test_what_cannot_be_booked_yet_does_not_stop_other_offers(
    day: Day, make: Factory, clock: FrozenClock
) -> None:
    week = "{" + ",".join(f"[{n * 1440 + 540},{n * 1440 + 660})" for n in range(7)) + "}"
    db.session.execute(
        text("UPDATE performer_schedule SET weekly = CAST(:week AS int4multirange)"), {"week": week}
    )
    db.session.commit()
    clock.set(clock.now().replace(hour=8, minute=0))
    far = clock.now() + timedelta(days=365, hours=1)
    day.fill()
    day.fill(far, far + timedelta(hours=1))
    ann, bob = make.user(), make.user()
    db.session.commit()
    assert day.join(ann, far.date()).status_code == 200
    assert day.join(bob).status_code == 200
    for order_id in (day.orders[2], day.orders[0]):
        answer = day.client.post(f"/api/v1/orders/{order_id}/cancel", headers=day.auth(day.owner))
        assert answer.status_code == 200
    day.run_jobs()
    assert day.offer(bob) is not None
