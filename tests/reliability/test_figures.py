"""Response and completion figures: what counts, from how many on they are shown, and that they equal a recount."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from marketplace.blueprints.reliability.repositories import _RECOMPUTE
from marketplace.blueprints.reliability.wiring import Reliability
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Chat, Message, OrderTransition, Performer, PerformerFigures, Service, User
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.support.threads import at_once

Auth = Callable[[User], dict[str, str]]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def service(make: Factory) -> Service:
    return make.service()


@pytest.fixture
def performer(service: Service) -> Performer:
    return db.session.get_one(Performer, service.performer_id)


def past_order(
    make: Factory,
    service: Service,
    asked: datetime,
    *steps: tuple[str, str, str, timedelta],
) -> None:
    """An order with a history of (transition, status after, role, time since it was created)."""
    status = steps[-1][1] if steps else "pending"
    # A time of its own each, so that none overlaps.
    start = START + DAY * (2 + db.session.scalar(text('SELECT count(*) FROM "order"')))
    row = make.order(
        service=service,
        status=status,
        created_at=asked,
        starts_at=start,
        **({"completed_at": asked + steps[-1][3]} if status == "completed" else {}),
    )
    before: str | None = None
    for transition, after, role, took in (("create", "pending", "customer", timedelta(0)), *steps):
        db.session.add(
            OrderTransition(
                order_id=row.id,
                transition=transition,
                from_status=before,
                to_status=after,
                actor_role=role,
                created_at=asked + took,
            )
        )
        before = after
    db.session.commit()


def past_chat(
    make: Factory, performer: Performer, asked: datetime, *answers: timedelta, by_performer: bool = False
) -> None:
    """A chat that the customer began, or the performer, and the times since then of the performer's messages."""
    chat: Chat = make.chat(make.user(), performer)
    first = performer.user_id if by_performer else chat.customer_id
    messages = [(first, asked), (chat.customer_id, asked + MINUTE)]
    messages += [(performer.user_id, asked + took) for took in answers]
    for seq, (sender, at) in enumerate(messages, start=1):
        db.session.add(
            Message(chat_id=chat.id, seq=seq, sender_id=sender, client_id=uuid4(), text="x", created_at=at)
        )
    chat.last_seq, chat.last_message_at = len(messages), messages[-1][1]
    db.session.commit()


def accepted(minutes: int) -> tuple[str, str, str, timedelta]:
    return ("accept", "confirmed", "performer", minutes * MINUTE)


def refreshed(runtime: Runtime, performer: Performer) -> PerformerFigures:
    runtime.get(Reliability).figures.refresh(performer.id)
    return db.session.get_one(PerformerFigures, performer.id, populate_existing=True)


def profile(client: CheckedClient, performer: Performer) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/performers/{performer.id}").json
    return found


def test_without_anything(client: CheckedClient, performer: Performer, runtime: Runtime) -> None:
    found = profile(client, performer)
    assert found["response_rate"] is found["response_time_minutes"] is found["completion_rate"] is None
    row = refreshed(runtime, performer)
    assert (row.asked, row.answered, row.response_p33, row.completed, row.withdrawn) == (0, 0, None, 0, 0)


def test_what_counts_as_an_answer(
    make: Factory, service: Service, performer: Performer, runtime: Runtime
) -> None:
    at = START - 2 * DAY
    past_order(make, service, at, accepted(10))
    past_order(make, service, at, ("decline", "declined", "performer", 20 * MINUTE))
    past_order(make, service, at, ("cancel", "cancelled", "performer", 30 * MINUTE))
    past_order(make, service, at, ("expire", "expired", "system", DAY))
    past_order(make, service, at, ("cancel", "cancelled", "customer", MINUTE))
    past_order(make, service, at, ("cancel", "cancelled", "staff", MINUTE))
    past_order(make, service, START)
    past_order(make, service, START - 91 * DAY, accepted(1_000))
    past_chat(make, performer, at, 40 * MINUTE, 50 * MINUTE)
    past_chat(make, performer, at)
    past_chat(make, performer, START - timedelta(hours=23))
    past_chat(make, performer, START - 91 * DAY, 1_000 * MINUTE)
    past_chat(make, performer, at, 60 * MINUTE, by_performer=True)
    row = refreshed(runtime, performer)
    assert (row.asked, row.answered) == (6, 4)
    # 10, 20, 30, 40
    assert (row.response_p33, row.response_p66) == (20, 30)


def test_a_chat_of_long_ago_that_goes_on_is_no_new_question(
    make: Factory, performer: Performer, runtime: Runtime
) -> None:
    past_chat(make, performer, START - 95 * DAY, 94 * DAY)
    row = refreshed(runtime, performer)
    assert (row.asked, row.answered) == (0, 0)


def test_only_own_faults_lower_completion(
    make: Factory, service: Service, performer: Performer, runtime: Runtime
) -> None:
    at = START - 10 * DAY
    done = [
        accepted(1),
        ("start", "in_progress", "performer", DAY),
        ("deliver", "delivered", "performer", DAY),
    ]
    for _ in range(3):
        past_order(make, service, at, *done, ("complete", "completed", "customer", 2 * DAY))
    past_order(make, service, START - 366 * DAY, *done, ("complete", "completed", "customer", 2 * DAY))
    past_order(make, service, at, accepted(1), ("cancel", "cancelled", "performer", DAY))
    for role in ("customer", "staff"):
        past_order(make, service, at, accepted(1), ("cancel", "cancelled", role, DAY))
    past_order(make, service, at, ("cancel", "cancelled", "performer", MINUTE))
    past_order(make, service, at, ("decline", "declined", "performer", MINUTE))
    past_order(make, service, at, ("expire", "expired", "system", DAY))
    past_order(
        make,
        service,
        at,
        accepted(1),
        ("dispute", "disputed", "customer", DAY),
        ("resolve", "cancelled", "staff", DAY),
    )
    row = refreshed(runtime, performer)
    assert (row.completed, row.withdrawn) == (3, 1)


def test_nothing_is_shown_below_five(
    client: CheckedClient, make: Factory, service: Service, performer: Performer, runtime: Runtime
) -> None:
    at = START - DAY
    for minutes in (1, 2, 3, 4):
        past_order(make, service, at, accepted(minutes))
    past_order(make, service, at, ("expire", "expired", "system", DAY))
    refreshed(runtime, performer)
    found = profile(client, performer)
    assert found["response_rate"] is found["response_time_minutes"] is None
    past_order(make, service, at, accepted(100))
    refreshed(runtime, performer)
    found = profile(client, performer)
    assert found["response_rate"] == 0.83
    assert found["response_time_minutes"] == {"p33": 3, "p66": 4}
    assert found["completion_rate"] is None
    for _ in range(4):
        past_order(make, service, at, accepted(1), ("complete", "completed", "customer", DAY))
    past_order(make, service, at, accepted(1), ("cancel", "cancelled", "performer", DAY))
    refreshed(runtime, performer)
    assert profile(client, performer)["completion_rate"] == 0.8


def test_the_figures_equal_a_recount(
    make: Factory, service: Service, performer: Performer, runtime: Runtime
) -> None:
    dice = random.Random(7)
    minutes: list[float] = []
    asked = 0
    for _ in range(60):
        at = START - DAY * dice.uniform(1.1, 120)
        recent = at >= START - 90 * DAY
        took = dice.uniform(1, 1_400)
        kind = dice.choice(["accept", "decline", "expire", "chat", "silent chat", "withdrawn by customer"])
        if kind == "accept":
            past_order(make, service, at, ("accept", "confirmed", "performer", took * MINUTE))
        elif kind == "decline":
            past_order(make, service, at, ("decline", "declined", "performer", took * MINUTE))
        elif kind == "expire":
            past_order(make, service, at, ("expire", "expired", "system", DAY))
        elif kind == "chat":
            past_chat(make, performer, at, took * MINUTE)
        elif kind == "silent chat":
            past_chat(make, performer, at)
        else:
            past_order(make, service, at, ("cancel", "cancelled", "customer", took * MINUTE))
            continue
        asked += recent
        if recent and kind in {"accept", "decline", "chat"}:
            minutes.append(took)
    minutes.sort()

    def percentile(share: float) -> int:
        place = share * (len(minutes) - 1)
        low = int(place)
        return ceil(minutes[low] + (minutes[low + 1] - minutes[low]) * (place - low))

    row = refreshed(runtime, performer)
    assert (row.asked, row.answered) == (asked, len(minutes))
    assert (row.response_p33, row.response_p66) == (percentile(0.33), percentile(0.66))


def test_orders_move_the_figures(
    client: CheckedClient,
    make: Factory,
    auth: Auth,
    service: Service,
    performer: Performer,
    clock: FrozenClock,
    run_jobs: Callable[[], int],
) -> None:
    customer, own = auth(make.user()), auth(db.session.get_one(User, performer.user_id))
    orders = []
    for number in range(6):
        body = {
            "service_id": service.id,
            # Two a day: the performer does not work on Sundays.
            "starts_at": (START + DAY * (1 + number % 3) + timedelta(hours=number % 2 * 3)).isoformat(),
            "address": {"line1": "Main Street 1"},
        }
        answer = client.post("/api/v1/orders", json=body, headers=customer)
        assert answer.status_code == 201, answer.json
        orders.append(answer.json["id"])
    assert profile(client, performer)["response_rate"] is None
    clock.advance(timedelta(minutes=7))
    for order in orders[:3]:
        client.post(f"/api/v1/orders/{order}/accept", headers=own)
    for order in orders[3:5]:
        client.post(f"/api/v1/orders/{order}/decline", headers=own)
    run_jobs()
    found = profile(client, performer)
    assert found["response_rate"] == 1
    assert found["response_time_minutes"] == {"p33": 7, "p66": 7}
    clock.advance(2 * DAY)
    run_jobs()
    assert profile(client, performer)["response_rate"] == 0.83
    # The token of two days ago is over.
    own = auth(db.session.get_one(User, performer.user_id))
    assert client.post(f"/api/v1/orders/{orders[2]}/cancel", headers=own).status_code == 200
    run_jobs()
    row = db.session.get_one(PerformerFigures, performer.id, populate_existing=True)
    assert (row.asked, row.answered, row.completed, row.withdrawn) == (6, 5, 0, 1)


def test_messages_move_the_figures(
    client: CheckedClient,
    make: Factory,
    auth: Auth,
    performer: Performer,
    run_jobs: Callable[[], int],
) -> None:
    user = make.user()
    customer, own = auth(user), auth(db.session.get_one(User, performer.user_id))
    chat = client.post("/api/v1/chats", json={"performer_id": performer.id}, headers=customer).json["id"]

    def send(headers: dict[str, str]) -> None:
        body = {"client_id": str(uuid4()), "text": "Hello"}
        path = f"/api/v1/chats/{chat}/messages"
        assert client.post(path, json=body, headers=headers).status_code in {200, 201}

    def asked_for() -> list[bool]:
        """The recounts that are asked for: whether they are for later."""
        rows = db.session.execute(
            text("SELECT run_at > now() FROM job WHERE kind = 'performers.refresh_figures' ORDER BY id")
        )
        return [later for (later,) in rows]

    send(customer)
    send(customer)
    assert len(asked_for()) == 1, "once for the question, when its answer is due"
    send(own)
    send(own)
    assert len(asked_for()) == 2, "and once for the answer"
    assert asked_for()[1] is False
    run_jobs()
    # Messages have the database's time, so the window of the frozen clock does not hold them.
    assert db.session.get_one(PerformerFigures, performer.id).performer_id == performer.id


def test_only_what_the_public_sees_is_told(
    make: Factory, service: Service, performer: Performer, runtime: Runtime, clock: FrozenClock
) -> None:
    """Each telling drops kept answers."""

    def told() -> int:
        found: int = db.session.scalar(
            text("SELECT count(*) FROM domain_event WHERE name = 'performer.figures_changed'")
        )
        return found

    seen = []
    for _ in range(6):
        past_order(make, service, START - DAY, accepted(5))
        refreshed(runtime, performer)
        seen.append(told())
    assert seen == [0, 0, 0, 0, 1, 1]
    first = refreshed(runtime, performer).computed_at
    clock.advance(MINUTE)
    assert refreshed(runtime, performer).computed_at == first, "an equal recount writes nothing"


def test_who_was_never_counted_is_found(
    make: Factory, service: Service, performer: Performer, runtime: Runtime, run_jobs: Callable[[], int]
) -> None:
    past_order(make, service, START - DAY, accepted(5))
    written, idle = make.performer(), make.performer()
    past_chat(make, written, START - 2 * DAY, MINUTE)
    runtime.get(Reliability).figures.refresh_all()
    run_jobs()
    counted = {row.performer_id: row.answered for row in db.session.query(PerformerFigures)}
    assert counted == {performer.id: 1, written.id: 1}
    assert idle.id not in counted


def test_the_window_moves_on(
    make: Factory,
    service: Service,
    performer: Performer,
    runtime: Runtime,
    clock: FrozenClock,
    run_jobs: Callable[[], int],
) -> None:
    past_order(make, service, START - 89 * DAY, accepted(5))
    assert refreshed(runtime, performer).answered == 1
    clock.advance(2 * DAY)
    runtime.get(Reliability).figures.refresh_all()
    run_jobs()
    assert db.session.get_one(PerformerFigures, performer.id, populate_existing=True).answered == 0


def test_who_is_not_there_has_no_figures(runtime: Runtime) -> None:
    runtime.get(Reliability).figures.refresh(2**62)
    assert db.session.query(PerformerFigures).count() == 0


def test_a_recount_reads_by_index(make: Factory) -> None:
    others = [make.performer() for _ in range(25)]
    people = [make.user().id for _ in range(25)]
    chats = "INSERT INTO chat (customer_id, performer_id) SELECT c, p FROM unnest(:people) c, unnest(:all) p"
    db.session.execute(text(chats), {"people": people, "all": [other.id for other in others]})
    db.session.execute(
        text("""
            INSERT INTO message (chat_id, seq, sender_id, client_id, text)
            SELECT id, seq, customer_id, gen_random_uuid(), 'x' FROM chat, generate_series(1, 3) seq
            """)
    )
    db.session.execute(text("ANALYZE chat, message"))
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    values = {"id": others[0].id, "now": START}
    values |= {"asked_since": START, "due_before": START, "completed_since": START}
    plan = "\n".join(db.session.scalars(text(f"EXPLAIN {_RECOMPUTE.text}"), values))
    assert "Seq Scan" not in plan, plan
    for name in (
        "ix_order_performer_id",
        "ix_order_transition_order_id",
        "ix_chat_performer_id",
        "uq_message_chat_id_seq",
    ):
        assert name in plan, plan


def test_many_recounts_at_once(committed: Flask) -> None:
    """Whoever counts last has seen everything."""
    figures = committed.extensions["marketplace"].get(Reliability).figures
    with committed.app_context():
        service = Factory().service()
        performer_id = service.performer_id
        for _ in range(20):
            past_order(Factory(), service, START - DAY)
        ids = list(db.session.scalars(text('SELECT id FROM "order" ORDER BY id')))

    def answer(order_id: int) -> None:
        with committed.app_context():
            step = {"transition": "decline", "from_status": "pending", "to_status": "declined"}
            db.session.add(
                OrderTransition(
                    order_id=order_id,
                    actor_role="performer",
                    created_at=START - DAY + order_id * MINUTE,
                    **step,
                )
            )
            db.session.commit()
            figures.refresh(performer_id)

    at_once(20, lambda number: answer(ids[number]))
    with committed.app_context():
        stored = db.session.get_one(PerformerFigures, performer_id)
        found = (stored.asked, stored.answered, stored.response_p33, stored.response_p66)
        figures.refresh(performer_id)
        again = db.session.get_one(PerformerFigures, performer_id, populate_existing=True)
        assert found == (again.asked, again.answered, again.response_p33, again.response_p66)
        assert found[:2] == (20, 20)
