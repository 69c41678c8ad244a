"""A dispute through the API: what is complained of, proposals, staff, and clocks that stand meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from marketplace.blueprints.disputes.handlers import CATCH_UP_JOB
from marketplace.blueprints.disputes.wiring import Disputes
from marketplace.blueprints.orders.wiring import Orders
from marketplace.database.tables import DomainEventRow, JobRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.statistics import QueueState
from marketplace.models import Dispute, Notification, Order, OrderTransition
from marketplace.testing import START, Factory
from marketplace.web.runtime import Runtime
from tests.disputes.conftest import Parties
from tests.orders.conftest import Deal, event_names

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RunJobs = Callable[[], int]


def later(parties: Parties, clock: FrozenClock, time: timedelta, run_jobs: RunJobs | None = None) -> None:
    """Time goes by; everybody signs in again."""
    clock.advance(time)
    if run_jobs is not None:
        run_jobs()
    parties.deal.sign_in()
    # A refusal must not take the sessions back.
    db.session.commit()


def test_both_read_what_it_is_about(parties: Parties) -> None:
    order = parties.done(
        "customer", "dispute", reason="It fell down", category="damage", text="Twice.\nNobody answers."
    )
    assert (order["status"], order["decision_due_at"]) == ("disputed", "2026-05-07T09:00:00Z")
    assert (order["resolution_refund"], order["refund"]) == (None, None)
    assert order["allowed_transitions"] == ["resolve", "withdraw", "escalate"]
    seen = parties.get("customer").json
    assert seen == {
        "id": seen["id"],
        "order_id": parties.order_id,
        "category": "damage",
        "reason": "It fell down",
        "text": "Twice.\nNobody answers.",
        "opened_by": "customer",
        "opened_at": "2026-05-04T09:00:00Z",
        "due_at": "2026-05-07T09:00:00Z",
        "asked_by": None,
        "asked_at": None,
        "proposal": None,
        "evidence": [],
        "evidence_left": 10,
        "allowed_transitions": ["resolve", "withdraw", "escalate"],
        "ended_at": None,
        "outcome": None,
        "ended_by": None,
        "decision": None,
        "settlement": None,
    }
    assert parties.get("performer").json == seen | {"allowed_transitions": ["resolve", "escalate"]}
    nothing = {"allowed_transitions": [], "evidence_left": 0}
    assert parties.get("staff").json == parties.get("moderator").json == seen | nothing
    assert parties.get("stranger").status_code == parties.get("other_performer").status_code == 404
    path = f"/api/v1/admin/disputes/{seen['id']}"
    staff = parties.client.get(path, headers=parties.deal.headers["moderator"])
    assert staff.json == seen | nothing


def test_a_reason_alone_is_enough(parties: Parties) -> None:
    """As clients of before send it."""
    seen = parties.dispute("performer", reason="Nobody opened the door")
    assert (seen["category"], seen["text"], seen["opened_by"]) == ("other", "", "performer")
    [event] = [name for name in event_names() if name != "order.created"]
    assert event == "order.disputed"


@pytest.mark.parametrize(
    "body",
    [{}, {"reason": ""}, {"reason": "x", "category": "weather"}, {"reason": "x", "text": "x" * 5001},
     {"reason": "x", "opened_role": "performer"}],
)  # fmt: skip
def test_what_is_refused_stores_nothing(parties: Parties, body: dict[str, Any]) -> None:
    assert parties.code("customer", "dispute", **body) == (422, "validation_failed")
    assert parties.get("customer").status_code == 404
    assert db.session.scalars(select(Dispute.id)).all() == []


def test_an_order_without_a_dispute_has_none(parties: Parties) -> None:
    assert parties.get("customer").status_code == parties.get("staff").status_code == 404


# --- settlement ---------------------------------------------------------------------------------------


def test_the_parties_agree_on_a_share(parties: Parties, run_jobs: RunJobs) -> None:
    parties.dispute()
    first = parties.done("customer", "resolve", outcome="completed", refund_percent=50, reason="Half of it")
    assert first["resolution_refund"] == {"percent": 50, "amount": {"amount": 2500, "currency": "EUR"}}
    counter = parties.done("performer", "resolve", outcome="completed", refund_percent=15)
    assert (counter["status"], counter["resolution_by"]) == ("disputed", "performer")
    assert counter["resolution_refund"]["percent"] == 15
    proposal = {
        "outcome": "completed",
        "refund_percent": 15,
        "refund": {"amount": 750, "currency": "EUR"},
        "by": "performer",
    }
    assert parties.get("customer").json["proposal"] == proposal
    # The first proposal is void, and nobody agrees to an own one.
    assert (
        parties.done("performer", "resolve", outcome="completed", refund_percent=50)["status"] == "disputed"
    )
    assert parties.done("customer", "resolve", outcome="cancelled", refund_percent=50)["status"] == "disputed"
    ended = parties.done("performer", "resolve", outcome="cancelled", refund_percent=50, reason="So be it")
    assert (ended["status"], ended["resolution"], ended["resolution_refund"]) == ("cancelled", None, None)
    assert ended["refund"] == {"percent": 50, "amount": {"amount": 2500, "currency": "EUR"}}
    assert (ended["decision_due_at"], ended["cancellation"]) == (None, None)
    seen = parties.get("customer").json
    assert (seen["outcome"], seen["ended_by"], seen["decision"]) == ("cancelled", "performer", "So be it")
    assert seen["settlement"] == {
        "outcome": "cancelled",
        "refund_percent": 50,
        "refund": {"amount": 2500, "currency": "EUR"},
        "by": None,
    }
    assert (seen["proposal"], seen["allowed_transitions"], seen["evidence_left"]) == (None, [], 0)
    history = parties.get("customer", "/history").json["items"]
    assert [entry["data"] for entry in history if entry["transition"] == "resolve"] == [
        {"outcome": "completed", "refund_percent": 50, "proposal": True},
        {"outcome": "completed", "refund_percent": 15, "proposal": True},
        {"outcome": "completed", "refund_percent": 50, "proposal": True},
        {"outcome": "cancelled", "refund_percent": 50, "proposal": True},
        {"refund_percent": 50},
    ]


@pytest.mark.parametrize(("outcome", "default"), [("completed", 0), ("cancelled", 100)])
def test_the_refund_that_nobody_names(parties: Parties, outcome: str, default: int) -> None:
    """As clients of before send it; whoever names the same agrees."""
    parties.dispute()
    proposed = parties.done("customer", "resolve", outcome=outcome)
    assert proposed["resolution_refund"]["percent"] == default
    ended = parties.done("performer", "resolve", outcome=outcome, refund_percent=default)
    assert ended["status"] == outcome
    assert ended["refund"]["amount"]["amount"] == 50 * default


def test_an_acceptance_of_something_else_is_a_proposal(parties: Parties) -> None:
    """Who agrees without naming the share does not agree to one that somebody named."""
    parties.dispute()
    parties.done("customer", "resolve", outcome="completed", refund_percent=30)
    kept = parties.done("performer", "resolve", outcome="completed")
    assert (kept["status"], kept["resolution_by"], kept["resolution_refund"]["percent"]) == (
        "disputed",
        "performer",
        0,
    )


@pytest.mark.parametrize(
    ("price", "percent", "amount"), [(5, 50, 2), (15, 50, 8), (1, 49, 0), (1, 51, 1), (999, 33, 330)]
)
def test_shares_are_rounded_once_half_to_even(
    parties: Parties, price: int, percent: int, amount: int
) -> None:
    db.session.execute(text('UPDATE "order" SET price_amount = :price'), {"price": price})
    db.session.commit()
    parties.dispute()
    for role in ("customer", "performer"):
        ended = parties.done(role, "resolve", outcome="completed", refund_percent=percent)
    assert ended["refund"]["amount"] == {"amount": amount, "currency": "EUR"}
    stored = select(Order.refund_percent, Order.refund_amount).where(Order.id == parties.order_id)
    assert tuple(db.session.execute(stored).one()) == (percent, amount)


def test_an_order_without_a_price_has_a_share_and_no_amount(parties: Parties) -> None:
    db.session.execute(text('UPDATE "order" SET price_amount = NULL, price_currency = NULL'))
    db.session.commit()
    parties.dispute()
    for role in ("customer", "performer"):
        ended = parties.done(role, "resolve", outcome="completed", refund_percent=20)
    assert ended["refund"] == {"percent": 20, "amount": None}


@pytest.mark.parametrize("percent", [-1, 101, 30.5, "30", True])
def test_shares_that_there_are_not(parties: Parties, percent: Any) -> None:
    parties.dispute()
    body = {"outcome": "completed", "refund_percent": percent}
    assert parties.code("customer", "resolve", **body) == (422, "validation_failed")


# --- staff --------------------------------------------------------------------------------------------


def test_staff_waits_for_72_hours(parties: Parties, clock: FrozenClock) -> None:
    parties.dispute()
    later(parties, clock, 72 * HOUR - timedelta(seconds=1))
    early = parties.decide()
    assert (early.status_code, early.json["code"]) == (409, "transition_not_allowed")
    assert (early.json["allowed_from"], early.json["allowed_transitions"]) == ("2026-05-07T09:00:00Z", [])
    assert parties.code("staff", "resolve", outcome="completed") == (409, "transition_not_allowed")
    later(parties, clock, timedelta(seconds=1))
    assert parties.get("staff").json["allowed_transitions"] == ["resolve"]
    decided = parties.decide(refund_percent=25)
    assert (decided.json["status"], decided.json["refund"]["percent"]) == ("cancelled", 25)
    seen = parties.get("performer").json
    assert (seen["outcome"], seen["ended_by"], seen["decision"]) == (
        "cancelled",
        "staff",
        "As the photos show",
    )


@pytest.mark.parametrize("role", ["customer", "performer"])
def test_staff_decides_at_once_when_a_party_asks(parties: Parties, clock: FrozenClock, role: str) -> None:
    parties.dispute()
    later(parties, clock, HOUR)
    parties.done("customer", "resolve", outcome="cancelled")
    asked = parties.done(role, "escalate", reason="No answer")
    assert asked["decision_due_at"] == "2026-05-04T10:00:00Z"
    assert (asked["status"], asked["resolution"]) == ("disputed", "cancelled"), "proposals stay"
    seen = parties.get("staff").json
    assert (seen["due_at"], seen["asked_by"]) == ("2026-05-04T10:00:00Z", role)
    assert seen["asked_at"] == "2026-05-04T10:00:00Z"
    other = "performer" if role == "customer" else "customer"
    for who in (role, other):
        refused = parties.post(who, "escalate")
        assert (refused.status_code, refused.json["code"]) == (409, "transition_not_allowed")
        assert "escalate" not in refused.json["allowed_transitions"]
    assert parties.decide(outcome="completed").json["refund"]["percent"] == 0
    assert event_names()[-3:] == ["order.resolution_proposed", "order.escalated", "order.resolved"]


def test_the_parties_can_agree_after_staff_was_asked(parties: Parties) -> None:
    parties.dispute()
    parties.done("performer", "escalate")
    parties.done("performer", "resolve", outcome="cancelled")
    assert parties.done("customer", "resolve", outcome="cancelled")["status"] == "cancelled"
    assert parties.decide().json["code"] == "transition_not_allowed"


def test_the_queue_of_staff(parties: Parties, deal: Deal, clock: FrozenClock, runtime: Runtime) -> None:
    first = parties.order_id
    parties.dispute(category="payment")
    later(parties, clock, HOUR)
    parties.order_id = second = deal.order("delivered").id
    parties.dispute()
    assert [one["order_id"] for one in parties.queue()] == [first, second]
    numbers = runtime.get(Disputes).numbers
    assert numbers.waiting() == QueueState(0, None)
    parties.done("performer", "escalate")
    parties.send("performer")
    [asked, waiting] = parties.queue()
    assert (asked["order_id"], asked["asked_by"], asked["due_at"]) == (
        second,
        "performer",
        "2026-05-04T10:00:00Z",
    )
    assert asked["evidence_counts"] == {"customer": 0, "performer": 1}
    assert (waiting["order_id"], waiting["category"], waiting["asked_by"]) == (first, "payment", None)
    for query, ids in {
        "?due=true": [second], "?due=false": [first], "?asked=true": [second], "?asked=false": [first],
        "?category=payment": [first], "?category=payment&due=true": [],
    }.items():  # fmt: skip
        assert [one["order_id"] for one in parties.queue(query)] == ids, query
    assert numbers.waiting() == QueueState(1, START + HOUR)
    later(parties, clock, 71 * HOUR)
    assert numbers.waiting() == QueueState(2, START + HOUR)
    assert parties.decide().status_code == 200
    assert [one["order_id"] for one in parties.queue()] == [first]
    stats = parties.client.get("/api/v1/admin/stats", headers=deal.headers["staff"]).json
    [queue] = [one for one in stats["queues"] if one["name"] == "disputes"]
    assert queue["count"] == 1


def test_the_queue_has_pages_and_costs_the_same(parties: Parties, deal: Deal, assert_queries: Any) -> None:
    headers = deal.headers["moderator"]
    for count in (1, 5, 94):
        for _ in range(count):
            order = deal.order("disputed")
            db.session.add(
                Dispute(
                    order_id=order.id, opened_role="customer", reason="x", from_status="delivered",
                    opened_at=START, due_at=START + DAY,
                )
            )  # fmt: skip
        db.session.commit()
        db.session.remove()
        with assert_queries(2):  # the caller, and the list
            parties.client.get("/api/v1/admin/disputes?limit=100", headers=headers)
    found, query = [], "?limit=30"
    while query:
        page = parties.client.get(f"/api/v1/admin/disputes{query}", headers=headers).json
        found += [item["id"] for item in page["items"]]
        query = f"?limit=30&after={page['next']}" if page["next"] else ""
    assert (len(found), found) == (100, sorted(found))


def test_a_dispute_costs_the_same_with_much_evidence(parties: Parties, assert_queries: Any) -> None:
    parties.dispute()
    for count in (0, 1, 5):
        for _ in range(count):
            parties.send("customer")
        db.session.remove()
        with assert_queries(4):  # the caller, the order, the dispute, its evidence
            parties.get("customer")


# --- the clock ----------------------------------------------------------------------------------------


def timers(order_id: int) -> dict[str, Any]:
    """When the timers of the order's present entry are due."""
    entry = db.session.scalar(select(Order.state_entry).where(Order.id == order_id))
    rows = db.session.scalars(
        select(JobRow.payload).where(
            JobRow.kind == "orders.timer", JobRow.key.like(f"order:{order_id}:{entry}:%")
        )
    )
    return {row["name"]: row["due_at"] for row in rows}


def test_the_time_that_was_left_is_left(
    parties: Parties, deal: Deal, clock: FrozenClock, run_jobs: RunJobs
) -> None:
    parties.order_id = deal.order("in_progress").id
    parties.done("performer", "deliver")
    later(parties, clock, 30 * HOUR, run_jobs)
    assert event_names()[-1] == "order.completing", "18 hours before the order completes by itself"
    parties.dispute()
    assert timers(parties.order_id) == {"decision_due": "2026-05-08T15:00:00Z"}
    later(parties, clock, 60 * HOUR, run_jobs)
    assert parties.get("customer", "").json["status"] == "disputed"
    back = parties.done("customer", "withdraw", reason="All is well")
    assert (back["status"], back["decision_due_at"]) == ("delivered", None)
    # 18 hours are left, and what was reminded of once is not reminded of again.
    assert timers(parties.order_id) == {"complete": "2026-05-08T21:00:00Z"}
    seen = parties.get("performer").json
    assert (seen["outcome"], seen["ended_by"], seen["decision"]) == ("withdrawn", "customer", "All is well")
    assert (seen["settlement"], seen["ended_at"]) == (None, "2026-05-08T03:00:00Z")
    later(parties, clock, 18 * HOUR - timedelta(seconds=1), run_jobs)
    assert parties.get("customer", "").json["status"] == "delivered"
    later(parties, clock, timedelta(seconds=1), run_jobs)
    assert parties.get("customer", "").json["status"] == "completed"
    assert event_names()[-3:] == ["order.disputed", "order.dispute_withdrawn", "order.completed"]


def test_a_reminder_that_the_dispute_put_off_comes_later(
    parties: Parties, deal: Deal, clock: FrozenClock, run_jobs: RunJobs
) -> None:
    parties.order_id = deal.order("in_progress").id
    parties.done("performer", "deliver")
    later(parties, clock, HOUR)
    parties.dispute("performer")
    later(parties, clock, 50 * HOUR, run_jobs)
    parties.done("performer", "withdraw")
    assert timers(parties.order_id) == {
        "completion_reminder": "2026-05-07T11:00:00Z",
        "complete": "2026-05-08T11:00:00Z",
    }


def test_twice_interrupted_time_adds_up(
    parties: Parties, deal: Deal, clock: FrozenClock, run_jobs: RunJobs
) -> None:
    parties.order_id = deal.order("in_progress").id
    parties.done("performer", "deliver")
    for _ in range(2):
        later(parties, clock, 10 * HOUR)
        parties.dispute()
        later(parties, clock, 5 * HOUR)
        parties.done("customer", "withdraw")
    # 30 hours ago it was delivered; for 10 of them the clock has stood.
    assert timers(parties.order_id)["complete"] == "2026-05-06T19:00:00Z"


def test_a_second_dispute_has_what_the_first_has_left(
    parties: Parties, clock: FrozenClock, run_jobs: RunJobs
) -> None:
    """Nobody keeps an order from its end by opening one dispute after the other."""
    parties.dispute()
    later(parties, clock, 60 * HOUR)
    parties.done("customer", "withdraw")
    assert parties.dispute("performer")["due_at"] == "2026-05-07T09:00:00Z"
    later(parties, clock, 24 * HOUR, run_jobs)
    parties.done("performer", "withdraw")
    seen = parties.dispute()
    assert seen["due_at"] == "2026-05-07T09:00:00Z", "at once, and not behind those who came later"
    assert parties.decide().status_code == 200
    rows = db.session.execute(select(Dispute.outcome, Dispute.opened_role).order_by(Dispute.id)).all()
    assert [tuple(row) for row in rows] == [
        ("withdrawn", "customer"), ("withdrawn", "performer"), ("cancelled", "customer"),
    ]  # fmt: skip


def test_only_who_opened_it_withdraws(parties: Parties) -> None:
    parties.dispute("performer")
    assert parties.code("customer", "withdraw") == (409, "transition_not_allowed")
    assert parties.code("staff", "withdraw") == (403, "wrong_party")
    assert parties.code("stranger", "withdraw") == (404, "not_found")
    assert parties.done("performer", "withdraw")["status"] == "delivered"
    assert parties.code("performer", "withdraw") == (409, "transition_not_allowed")


@pytest.mark.parametrize("status", ["confirmed", "in_progress"])
def test_the_time_must_be_free_still(parties: Parties, deal: Deal, status: str) -> None:
    order = deal.order(status, starts_at=START + HOUR)
    parties.order_id = order.id
    parties.dispute()
    other = deal.order("confirmed", starts_at=START + HOUR)
    assert parties.code("customer", "withdraw") == (409, "slot_taken")
    assert parties.get("customer").json["ended_at"] is None
    parties.order_id = other.id
    parties.done("customer", "cancel")
    parties.order_id = order.id
    assert parties.done("customer", "withdraw")["status"] == status
    booked = db.session.execute(text("SELECT order_id FROM booked_time")).scalars().all()
    assert booked == [order.id]


def test_a_confirmed_order_is_reminded_of_its_start_again(
    parties: Parties, deal: Deal, clock: FrozenClock, run_jobs: RunJobs
) -> None:
    order = deal.order(starts_at=START + 3 * DAY)
    parties.order_id = order.id
    parties.done("performer", "accept")
    parties.dispute()
    later(parties, clock, 2 * DAY + HOUR, run_jobs)
    assert "order.starting" not in event_names()
    parties.done("customer", "withdraw")
    # The start is where it was; of its reminders the one that is to come is made.
    assert timers(order.id) == {"start_reminder_1h": "2026-05-07T08:00:00Z"}


def test_everybody_is_told_when_the_decision_is_due(
    parties: Parties, deal: Deal, clock: FrozenClock, run_jobs: RunJobs, runtime: Runtime
) -> None:
    parties.dispute()
    run_jobs()
    later(parties, clock, 72 * HOUR, run_jobs)
    entry = db.session.scalar(select(Order.state_entry).where(Order.id == parties.order_id))
    for late in (0, 1):
        clock.advance(late * 30 * DAY)
        runtime.get(Orders).timers.run(parties.order_id, entry or 0, "decision_due")
    run_jobs()
    assert event_names() == ["order.disputed", "order.decision_due"]
    told = db.session.execute(select(Notification.user_id, Notification.topic, Notification.data)).all()
    due = [row for row in told if row.data.get("event") == "order.decision_due"]
    assert {row.user_id for row in due} == {deal.customer.id, deal.performer_user.id}
    assert {(row.topic, row.data["at"]) for row in due} == {("order.disputed", "2026-05-07T09:00:00Z")}


@pytest.mark.parametrize("end", ["withdraw", "resolve", "escalate"])
def test_no_word_of_a_decision_that_is_due_no_more(
    parties: Parties, clock: FrozenClock, run_jobs: RunJobs, end: str
) -> None:
    parties.dispute()
    if end == "resolve":
        parties.done("performer", "resolve", outcome="cancelled")
    parties.done("customer", end, **({"outcome": "cancelled"} if end == "resolve" else {}))
    later(parties, clock, 96 * HOUR, run_jobs)
    assert "order.decision_due" not in event_names()


# --- told, and in step --------------------------------------------------------------------------------


def test_the_other_party_is_told(parties: Parties, deal: Deal, run_jobs: RunJobs) -> None:
    parties.dispute()
    parties.send("customer")
    parties.done("performer", "resolve", outcome="completed")
    parties.done("performer", "escalate")
    parties.done("customer", "withdraw")
    run_jobs()
    rows = db.session.execute(
        select(Notification.user_id, Notification.topic, Notification.data).order_by(Notification.id)
    ).all()
    told = {
        user.id: [(row.topic, row.data.get("event")) for row in rows if row.user_id == user.id]
        for user in (deal.customer, deal.performer_user)
    }
    assert told == {
        deal.performer_user.id: [
            ("order.disputed", None),
            ("order.disputed", "dispute.evidence_added"),
            ("order.resolved", "order.dispute_withdrawn"),
        ],
        deal.customer.id: [("order.resolution_proposed", None), ("order.disputed", "order.escalated")],
    }


def test_the_timeline_tells_of_it(parties: Parties, clock: FrozenClock) -> None:
    parties.dispute()
    for role, step, body in (
        ("performer", "resolve", {"outcome": "completed"}),
        ("customer", "escalate", {"reason": "No"}),
    ):
        clock.advance(timedelta(seconds=1))
        parties.done(role, step, **body)
    clock.advance(timedelta(seconds=1))
    parties.send("performer", note="It hangs")
    entries = parties.get("staff", "/timeline").json["items"]
    assert [(one["kind"], one["transition"], one["actor_role"], one["reason"]) for one in entries] == [
        ("transition", "dispute", "customer", "It fell down"),
        ("proposal", "resolve", "performer", None),
        ("transition", "escalate", "customer", "No"),
        ("evidence", None, "performer", "It hangs"),
    ]


def test_disputes_of_before_go_on(
    parties: Parties, deal: Deal, clock: FrozenClock, runtime: Runtime, run_jobs: RunJobs
) -> None:
    """Code of before disputed these orders, and ended another one: a sweep makes and ends the rows."""
    bare = {"disputed_from": None, "disputed_by": None, "disputed_after": None, "decision_due_at": None}
    old, ended = deal.order("disputed", **bare), deal.order("completed")
    for order, role in ((old, "performer"), (ended, "customer")):
        db.session.add(
            OrderTransition(
                order_id=order.id, transition="dispute", from_status="delivered", to_status="disputed",
                actor_role=role, reason="Broken", created_at=START,
            )
        )  # fmt: skip
    db.session.add(
        OrderTransition(
            order_id=ended.id, transition="resolve", from_status="disputed", to_status="completed",
            actor_role="staff", reason="Mended", created_at=START + HOUR,
        )
    )  # fmt: skip
    db.session.add(
        Dispute(
            order_id=ended.id, opened_role="customer", reason="Broken", from_status="delivered",
            opened_at=START, due_at=START + 3 * DAY,
        )
    )  # fmt: skip
    db.session.commit()
    with runtime.uow:
        runtime.uow.enqueue(CATCH_UP_JOB, {})
    run_jobs()
    parties.order_id = ended.id
    seen = parties.get("customer").json
    assert (seen["outcome"], seen["ended_by"], seen["decision"]) == ("completed", "staff", "Mended")
    parties.order_id = old.id
    seen = parties.get("performer").json
    assert (seen["opened_by"], seen["reason"], seen["due_at"]) == (
        "performer",
        "Broken",
        "2026-05-07T09:00:00Z",
    )
    # What to go back to is not known; all else works.
    assert parties.code("performer", "withdraw") == (409, "transition_not_allowed")
    assert parties.send("customer").status_code == 201
    assert parties.decide().json["code"] == "transition_not_allowed"
    parties.done("customer", "escalate")
    assert parties.decide(refund_percent=10).json["refund"]["percent"] == 10
    assert runtime.get(Disputes).disputes.catch_up() == 0


def test_evidence_needs_no_sweep(parties: Parties, deal: Deal) -> None:
    order = deal.order("disputed")
    parties.order_id = order.id
    assert parties.get("customer").status_code == 404
    assert parties.send("customer").status_code == 201
    assert parties.get("customer").json["opened_by"] == "customer"


def test_a_retry_opens_and_ends_nothing_twice(parties: Parties, deal: Deal) -> None:
    path = f"/api/v1/orders/{parties.order_id}/dispute"
    headers = deal.headers["customer"] | {"Idempotency-Key": "d1"}
    answers = [parties.client.post(path, json={"reason": "Broken"}, headers=headers) for _ in range(2)]
    assert answers[0].data == answers[1].data
    assert db.session.scalars(select(Dispute.order_id)).all() == [parties.order_id]
    assert parties.code("performer", "dispute", reason="No") == (409, "transition_not_allowed")
    assert db.session.scalars(select(DomainEventRow.name)).all() == ["order.disputed"]


def test_words_of_all_scripts(parties: Parties) -> None:
    said = "Лампа упала. 灯掉下来了。 سقط المصباح 💡"
    seen = parties.dispute(reason=said, text=said * 20)
    assert (seen["reason"], seen["text"]) == (said, said * 20)


def test_an_admin_who_is_a_party_is_no_staff(parties: Parties, deal: Deal, make: Factory, auth: Any) -> None:
    staff = make.staff("admin")
    parties.order_id = make.order(staff, deal.service, status="delivered").id
    deal.headers["own_staff"] = auth(staff)
    parties.dispute("own_staff")
    parties.done("own_staff", "escalate")
    refused = parties.decide("own_staff")
    assert (refused.status_code, refused.json["code"]) == (403, "wrong_party")
    assert parties.done("own_staff", "resolve", outcome="cancelled")["status"] == "disputed"


@pytest.mark.parametrize("role", ["customer", "performer"])
def test_nobody_had_to_come_during_a_dispute(
    parties: Parties, deal: Deal, clock: FrozenClock, role: str
) -> None:
    parties.order_id = deal.order("confirmed", starts_at=START + HOUR).id
    db.session.commit()
    later(parties, clock, timedelta(minutes=55))
    parties.done(role, "dispute", reason="x")
    later(parties, clock, timedelta(minutes=36))
    parties.done(role, "withdraw")
    refused = parties.post(role, "no-show", reason="nobody came")
    assert (refused.status_code, refused.json["allowed_from"]) == (409, "2026-05-04T11:01:00Z")
    later(parties, clock, timedelta(minutes=30))
    assert parties.post(role, "no-show", reason="nobody came").status_code == 200


def test_a_dispute_that_is_opened_anew_keeps_its_place_in_the_queue(
    parties: Parties, clock: FrozenClock
) -> None:
    parties.dispute()
    later(parties, clock, 80 * HOUR)
    parties.done("customer", "withdraw")
    assert parties.dispute()["due_at"] == "2026-05-07T09:00:00Z"


def test_an_admin_without_a_second_factor_is_a_stranger(
    parties: Parties, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties.dispute()
    parties.done("performer", "escalate")
    assert parties.send("customer").status_code == 201
    db.session.commit()
    monkeypatch.setattr(type(runtime.settings), "is_production", property(lambda _: True))
    assert parties.decide().json["code"] == "second_factor_needed"
    db.session.commit()
    assert parties.get("staff", "/evidence").status_code == 404
    answer = parties.post("staff", "resolve", outcome="completed", refund_percent=100)
    assert answer.status_code == 404
