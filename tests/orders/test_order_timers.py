"""What happens by itself: the rows of timers, the worker that runs them, and the sweep that makes missing ones."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update

from marketplace.blueprints.orders import handlers
from marketplace.blueprints.orders.services import timers
from marketplace.blueprints.orders.services.shared import TIMER_JOB
from marketplace.blueprints.orders.wiring import orders
from marketplace.database.tables import JobRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Order, OrderTransition
from marketplace.testing import START, AssertQueries, CheckedClient, RunJobs
from marketplace.web.background import make_worker
from marketplace.web.runtime import Runtime
from tests.orders.conftest import Deal, event_names
from tests.orders.test_order_booking import book, post, reschedule

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def rows(order_id: int, status: str = "pending") -> dict[str, Any]:
    """When the timers of an order are due, by `entry:name`."""
    columns = (JobRow.key, JobRow.run_at)
    statement = select(*columns).where(JobRow.kind == TIMER_JOB, JobRow.status == status)
    prefix = f"order:{order_id}:"
    return {
        str(key).removeprefix(prefix): at
        for key, at in db.session.execute(statement.where(JobRow.key.startswith(prefix)))
    }


def told(client: CheckedClient, headers: dict[str, str]) -> list[tuple[str, str | None]]:
    """The reminders of a user: the topic and the time, the oldest first."""
    items = client.get("/api/v1/notifications", headers=headers).json["items"]
    topics = {"order.expiring", "order.starting", "order.completing"}
    return [(one["topic"], one["data"]["at"]) for one in reversed(items) if one["topic"] in topics]


def status(order_id: int) -> str:
    return str(db.session.scalar(select(Order.status).where(Order.id == order_id)))


def test_what_nobody_answers_expires_after_a_reminder(
    client: CheckedClient, deal: Deal, clock: FrozenClock, run_jobs: RunJobs, pushed: list[Any]
) -> None:
    order_id = book(client, deal, starts_at=(START + 5 * HOUR).isoformat()).json["id"]
    assert rows(order_id) == {"1:expire": START + 5 * HOUR, "1:expiry_reminder": START + 3.75 * HOUR}
    run_jobs()
    pushed.clear()
    clock.advance(3.75 * HOUR - timedelta(seconds=1))
    run_jobs()
    assert event_names() == ["order.created"]
    clock.advance(timedelta(seconds=1))
    run_jobs()
    deal.sign_in()
    assert told(client, deal.headers["performer"]) == [("order.expiring", "2026-05-04T14:00:00Z")]
    assert told(client, deal.headers["customer"]) == []
    assert pushed == [], "sockets are told of steps"
    clock.set(START + 5 * HOUR)
    deal.sign_in()
    seen = client.get(f"/api/v1/orders/{order_id}", headers=deal.headers["customer"]).json
    assert (seen["status"], seen["allowed_transitions"]) == ("pending", [])
    listed = client.get("/api/v1/orders", headers=deal.headers["performer"]).json["items"]
    assert [one["allowed_transitions"] for one in listed] == [[]]
    run_jobs()
    assert status(order_id) == "expired"
    assert event_names() == ["order.created", "order.expiring", "order.expired"]
    assert [payload["event"] for _, _, payload in pushed] == ["order.expired"] * 2
    entry = client.get(f"/api/v1/orders/{order_id}/history", headers=deal.headers["performer"]).json["items"][
        -1
    ]
    assert (entry["transition"], entry["from_status"], entry["to_status"], entry["actor_role"]) == (
        "expire", "pending", "expired", "system",
    )  # fmt: skip
    assert set(rows(order_id, "done")) == {"1:expire", "1:expiry_reminder"}


def test_both_are_told_before_the_work_begins(
    client: CheckedClient, deal: Deal, clock: FrozenClock, run_jobs: RunJobs
) -> None:
    order_id = book(client, deal, starts_at=(START + 3 * DAY).isoformat()).json["id"]
    post(client, deal, "performer", f"/orders/{order_id}/accept")
    reschedule(client, deal, "customer", order_id, START + 4 * DAY)
    reschedule(client, deal, "performer", order_id, START + 4 * DAY)
    assert rows(order_id) == {
        "1:expire": START + DAY,
        "1:expiry_reminder": START + 22 * HOUR,
        "2:start_reminder_24h": START + 2 * DAY,
        "2:start_reminder_1h": START + 3 * DAY - HOUR,
        "3:start_reminder_24h": START + 3 * DAY,
        "3:start_reminder_1h": START + 4 * DAY - HOUR,
    }
    clock.set(START + 3 * DAY)
    run_jobs()
    clock.set(START + 4 * DAY)  # the worker was away: an hour before would be too late
    run_jobs()
    deal.sign_in()
    for role in ("customer", "performer"):
        assert told(client, deal.headers[role]) == [("order.starting", "2026-05-08T09:00:00Z")]
    assert (rows(order_id), status(order_id)) == ({}, "confirmed")


def test_what_nobody_objects_to_is_complete(
    client: CheckedClient, deal: Deal, clock: FrozenClock, run_jobs: RunJobs
) -> None:
    order, disputed = deal.order("in_progress"), deal.order("in_progress")
    for moved in (order, disputed):
        assert post(client, deal, "performer", f"/orders/{moved.id}/deliver").status_code == 200
    post(client, deal, "customer", f"/orders/{order.id}/request-changes", reason="Crooked")
    post(client, deal, "customer", f"/orders/{disputed.id}/dispute", reason="Broken")
    clock.advance(DAY)
    run_jobs()
    deal.sign_in()
    assert told(client, deal.headers["customer"]) == []
    post(client, deal, "performer", f"/orders/{order.id}/deliver")
    clock.advance(2 * DAY - timedelta(seconds=1))
    run_jobs()  # two days after the last delivery, not the first
    assert status(order.id) == "delivered"
    clock.advance(timedelta(seconds=1))
    run_jobs()
    deal.sign_in()
    done = client.get(f"/api/v1/orders/{order.id}", headers=deal.headers["customer"]).json
    assert (done["status"], done["completed_at"]) == ("completed", "2026-05-07T09:00:00Z")
    assert told(client, deal.headers["customer"]) == [("order.completing", "2026-05-07T09:00:00Z")]
    assert told(client, deal.headers["performer"]) == []
    assert status(disputed.id) == "disputed"


def test_timers_are_one_statement_of_a_step(
    client: CheckedClient, deal: Deal, assert_queries: AssertQueries
) -> None:
    def planned(statements: list[str]) -> int:
        return sum("INTO job" in one and "ON CONFLICT" in one for one in statements)

    order_id = book(client, deal, starts_at=(START + 3 * DAY).isoformat()).json["id"]
    with assert_queries(13) as seen:
        assert post(client, deal, "performer", f"/orders/{order_id}/accept").status_code == 200
    assert planned(seen) == 1
    other = book(client, deal, starts_at=(START + 5 * DAY).isoformat()).json["id"]
    with assert_queries(8) as seen:  # a status without timers
        assert post(client, deal, "performer", f"/orders/{other}/decline").status_code == 200
    assert planned(seen) == 0


def test_a_timer_that_comes_too_early_puts_itself_off(
    app: Flask, client: CheckedClient, deal: Deal, clock: FrozenClock
) -> None:
    order_id = book(client, deal, starts_at=(START + 3 * DAY).isoformat()).json["id"]
    db.session.execute(update(JobRow).values(run_at=text("now()")).where(JobRow.kind == TIMER_JOB))
    db.session.commit()
    clock.set(START + 23 * HOUR)  # the database's clock is before that of the services
    make_worker(app, 1).run_pending()
    found = db.session.execute(
        select(JobRow.status, JobRow.attempts, JobRow.run_at - text("now()"), JobRow.last_error).where(
            JobRow.key == f"order:{order_id}:1:expire"
        )
    ).one()
    assert tuple(found) == ("pending", 0, HOUR, "Postponed: the time of this timer has not come")
    assert status(order_id) == "pending"
    assert event_names() == ["order.created", "order.expiring"]


def test_doubled_timers_act_once(
    client: CheckedClient, deal: Deal, clock: FrozenClock, runtime: Runtime, run_jobs: RunJobs
) -> None:
    order_id = book(client, deal, starts_at=(START + 5 * HOUR).isoformat()).json["id"]
    for name, at in (("expiry_reminder", 4 * HOUR), ("expire", 5 * HOUR)):
        clock.set(START + at)
        with runtime.uow as uow:
            for _ in range(3):
                uow.enqueue(TIMER_JOB, {"order_id": order_id, "entry": 1, "name": name, "due_at": ""})
        run_jobs()
    assert event_names() == ["order.created", "order.expiring", "order.expired"]
    assert len(db.session.scalars(select(OrderTransition.id)).all()) == 2


def test_a_timer_that_keeps_failing_is_shown_to_staff(
    app: Flask,
    client: CheckedClient,
    deal: Deal,
    clock: FrozenClock,
    run_jobs: RunJobs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order_id = book(client, deal, starts_at=(START + 5 * HOUR).isoformat()).json["id"]
    run_jobs()
    clock.set(START + 5 * HOUR)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the disk is on fire")

    worker = make_worker(app, 1)
    with monkeypatch.context() as patch:
        patch.setattr(orders().timers._steps, "enter", fail)
        for _ in range(10):
            db.session.execute(update(JobRow).values(run_at=text("now()")).where(JobRow.status == "pending"))
            db.session.commit()
            worker.run_pending()
    deal.sign_in()
    headers = deal.headers["staff"]
    [dead] = client.get("/api/v1/admin/jobs?status=dead", headers=headers).json["items"]
    assert (dead["kind"], dead["attempts"], dead["last_error"]) == (
        "orders.timer", 10, "RuntimeError: the disk is on fire",
    )  # fmt: skip
    assert status(order_id) == "pending"
    late = post(client, deal, "performer", f"/orders/{order_id}/accept")
    assert (late.status_code, late.json["order_status"]) == (409, "expired")
    assert client.post(f"/api/v1/admin/jobs/{dead['id']}/retry", headers=headers).status_code == 200
    worker.run_pending()
    assert status(order_id) == "expired"


# --- the sweep --------------------------------------------------------------------------------------


def test_orders_of_before_get_timers(
    deal: Deal,
    clock: FrozenClock,
    runtime: Runtime,
    run_jobs: RunJobs,
    monkeypatch: pytest.MonkeyPatch,
    pushed: list[Any],
) -> None:
    batch = 5
    monkeypatch.setattr(timers, "BATCH", batch)
    monkeypatch.setattr(handlers, "BATCH", batch)
    pending = [deal.order(created_at=START) for _ in range(batch + 1)]
    delivered = [deal.order("delivered") for _ in range(2)]
    final = [deal.order("completed"), deal.order("declined")]
    waiting = deal.order("confirmed", starts_at=START + 30 * DAY)
    assert runtime.registry.jobs["orders.heal"].every == 3600
    clock.set(START + 3 * DAY)
    with runtime.uow as uow:
        uow.enqueue("orders.heal", {})
    run_jobs()
    assert Counter(status(one.id) for one in pending + delivered) == {"expired": batch + 1, "completed": 2}
    assert [status(one.id) for one in final] == ["completed", "declined"]
    assert set(rows(waiting.id)) == {"1:start_reminder_24h", "1:start_reminder_1h"}
    kinds = Counter(db.session.scalars(select(JobRow.kind).where(JobRow.kind.startswith("orders."))))
    assert kinds == {"orders.heal": 2, "orders.timer": batch + 1 + 2 + 2}
    assert Counter(event_names()) == {"order.expired": batch + 1, "order.completed": 2}
    assert len(pushed) == 2 * (batch + 3)


def test_orders_that_old_code_moves_beside_this_one(
    client: CheckedClient, deal: Deal, clock: FrozenClock, runtime: Runtime, run_jobs: RunJobs
) -> None:
    order_id = book(client, deal, starts_at=(START + 3 * DAY).isoformat()).json["id"]
    other = book(client, deal, starts_at=(START + 4 * DAY).isoformat()).json["id"]

    def entry(of: int = order_id) -> int | None:
        return db.session.scalar(select(Order.state_entry).where(Order.id == of))

    def moved(of: int = order_id, **values: Any) -> None:
        db.session.execute(update(Order).where(Order.id == of).values(state_entered_at=clock.now(), **values))
        db.session.commit()

    moved(note="Ring twice", updated_at=START)
    assert entry() == 1
    for name in ("confirmed", "in_progress", "delivered"):
        moved(status=name)
        assert entry() == -1
    moved(other, starts_at=START + 5 * DAY, ends_at=START + 5 * DAY + HOUR)
    assert entry(other) == -1
    with runtime.uow as uow:
        uow.enqueue("orders.heal", {})
        uow.enqueue("orders.expire", {})  # left by the release before
        uow.enqueue("orders.complete", {})
    run_jobs()
    assert (entry(), entry(other)) == (2, 2)
    assert {"2:complete", "2:completion_reminder"} <= set(rows(order_id))
    clock.advance(2 * DAY)
    run_jobs()
    assert (status(order_id), status(other)) == ("completed", "expired")


def test_timers_of_an_order_that_is_gone_do_nothing(
    client: CheckedClient, deal: Deal, clock: FrozenClock, run_jobs: RunJobs
) -> None:
    order_id = book(client, deal, starts_at=(START + 5 * HOUR).isoformat()).json["id"]
    db.session.execute(delete(Order).where(Order.id == order_id))
    db.session.commit()
    clock.advance(DAY)
    run_jobs()
    assert (event_names(), rows(order_id)) == (["order.created"], {})
