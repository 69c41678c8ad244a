"""Many at once about one dispute, on real connections: one winner, and no more files than there may be."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.models import AuditEntry, Dispute, DisputeEvidence, Order, OrderTransition
from marketplace.testing import START, Factory
from tests.orders.conftest import event_names
from tests.support import threads
from tests.support.disputes import send, stored

RUNS = range(20)
THREADS = 50
BUSY = "resource_busy"
REFUSED = {"transition_not_allowed", BUSY}
Call = Callable[[], Any]


class Court:
    """A customer, a performer and two admins, and calls of theirs about one order at a time."""

    def __init__(self, app: Flask, auth: Callable[[Any], dict[str, str]]) -> None:
        self.app = app
        with app.app_context():
            make = Factory()
            self.customer, performer = make.user(), make.user()
            self.service = make.service(make.performer(performer))
            self.headers = {
                "customer": auth(self.customer),
                "performer": auth(performer),
                "staff": auth(make.staff("admin")),
                "other_staff": auth(make.staff("admin")),
            }

    def order(self, status: str = "delivered") -> int:
        """An order; a `disputed` one was disputed by the customer."""
        with self.app.app_context():
            found = int(Factory().order(self.customer, self.service, status="delivered").id)
        if status == "disputed":
            assert self.call("customer", found, "dispute", {"reason": "Broken"})().status_code == 200
        return found

    def call(self, role: str, order_id: int, step: str, body: Any = None) -> Call:
        path = f"/api/v1/orders/{order_id}/{step}"
        return lambda: self.app.test_client().post(path, json=body or {}, headers=self.headers[role])

    def decide(self, role: str, order_id: int, outcome: str) -> Call:
        path = f"/api/v1/admin/orders/{order_id}/resolve"
        body = {"outcome": outcome, "reason": "As the photos show"}
        return lambda: self.app.test_client().post(path, json=body, headers=self.headers[role])

    def evidence(self, role: str, order_id: int) -> Call:
        return lambda: send(self.app.test_client(), self.headers[role], order_id)

    def check(self, order_id: int) -> tuple[str, list[Any]]:
        """The status of the order and its disputes, which say the same as each other and as the history."""
        with self.app.app_context():
            order = db.session.get_one(Order, order_id)
            disputes = list(db.session.scalars(select(Dispute).order_by(Dispute.id)))
            steps = list(db.session.scalars(select(OrderTransition).order_by(OrderTransition.id)))
            assert [one.ended_at is None for one in disputes].count(True) == (order.status == "disputed")
            opened = [one for one in steps if one.transition == "dispute"]
            ended = [one for one in steps if one.from_status == "disputed" and one.to_status != "disputed"]
            assert len(disputes) == len(opened)
            assert len([one for one in disputes if one.ended_at is not None]) == len(ended)
            assert len(event_names()) == len(steps)
            return order.status, disputes


@pytest.fixture
def court(committed: Flask, auth: Callable[[Any], dict[str, str]]) -> Court:
    return Court(committed, auth)


def at_once(calls: Sequence[Call]) -> list[Any]:
    """What the calls return, a thread each."""
    return threads.at_once(len(calls), lambda number: calls[number]())


def won(answers: Sequence[Any], codes: set[str] = REFUSED) -> int:
    """How many succeeded; the others are refused by one of `codes`."""
    lost = {answer.json["code"] for answer in answers if answer.status_code >= 400}
    assert lost <= codes, lost
    return sum(answer.status_code < 400 for answer in answers)


@pytest.mark.parametrize("_run", RUNS)
def test_both_open_a_dispute(court: Court, _run: int) -> None:
    order_id = court.order()
    calls = [court.call(role, order_id, "dispute", {"reason": role}) for role in ("customer", "performer")]
    assert won(at_once(calls * (THREADS // 2))) == 1
    status, [dispute] = court.check(order_id)
    assert (status, dispute.reason) == ("disputed", dispute.opened_role)


@pytest.mark.parametrize("_run", RUNS)
def test_both_propose_the_same(court: Court, _run: int) -> None:
    """The first one proposes, the first of the other party agrees."""
    order_id = court.order("disputed")
    body = {"outcome": "completed", "refund_percent": 20}
    calls = [court.call(role, order_id, "resolve", body) for role in ("customer", "performer")]
    won(at_once(calls * (THREADS // 2)))
    status, [dispute] = court.check(order_id)
    assert (status, dispute.outcome) == ("completed", "completed")
    with court.app.app_context():
        order = db.session.get_one(Order, order_id)
        assert (order.refund_percent, order.refund_amount) == (20, 1000)
        steps = db.session.scalars(
            select(OrderTransition)
            .where(OrderTransition.transition == "resolve")
            .order_by(OrderTransition.id)
        ).all()
        assert {one.actor_role for one in steps[:-1]} == {"customer", "performer"} - {steps[-1].actor_role}


@pytest.mark.parametrize("_run", RUNS)
def test_a_proposal_that_is_changed_while_it_is_agreed_to(court: Court, _run: int) -> None:
    """Whatever is agreed is what both have said."""
    order_id = court.order("disputed")
    first, second = ({"outcome": "cancelled", "refund_percent": percent} for percent in (40, 60))
    assert court.call("customer", order_id, "resolve", first)().status_code == 200
    calls = [
        court.call("customer", order_id, "resolve", second),
        court.call("performer", order_id, "resolve", first),
    ]
    won(at_once(calls))
    status, _ = court.check(order_id)
    with court.app.app_context():
        order = db.session.get_one(Order, order_id)
        # The performer was first, or the customer has something else on the table.
        assert (status, order.refund_percent, order.resolution_refund_percent) in {
            ("cancelled", 40, None),
            ("disputed", None, 40),
            ("disputed", None, 60),
        }


@pytest.mark.parametrize("_run", RUNS)
def test_withdraw_and_resolve(court: Court, _run: int) -> None:
    order_id = court.order("disputed")
    body = {"outcome": "cancelled"}
    assert court.call("customer", order_id, "resolve", body)().status_code == 200
    calls = [court.call("customer", order_id, "withdraw"), court.call("performer", order_id, "resolve", body)]
    assert won(at_once(calls * (THREADS // 2))) == 1
    status, [dispute] = court.check(order_id)
    assert (status, dispute.outcome) in {("delivered", "withdrawn"), ("cancelled", "cancelled")}


@pytest.mark.parametrize("_run", RUNS)
def test_escalate_and_resolve(court: Court, _run: int) -> None:
    """Both parties ask, two admins decide at once: one asks, and one decides after that."""
    order_id = court.order("disputed")
    calls = [
        court.call("customer", order_id, "escalate"),
        court.call("performer", order_id, "escalate"),
        court.decide("staff", order_id, "completed"),
        court.decide("other_staff", order_id, "cancelled"),
    ]
    answers = at_once(calls * (THREADS // 4))
    won(answers)
    status, [dispute] = court.check(order_id)
    with court.app.app_context():
        steps = db.session.scalars(select(OrderTransition.transition).order_by(OrderTransition.id)).all()
        assert steps in (["dispute", "escalate"], ["dispute", "escalate", "resolve"])
        assert dispute.asked_at == dispute.due_at == START
        assert len(db.session.scalars(select(AuditEntry.id)).all()) == steps.count("resolve")
    assert (status == "disputed") == (len(steps) == 2)


@pytest.mark.parametrize("_run", RUNS)
def test_fifty_files_are_ten(court: Court, _run: int) -> None:
    order_id = court.order("disputed")
    for path in stored(court.app):
        path.unlink()
    answers = at_once([court.evidence("customer", order_id)] * THREADS)
    codes = Counter(answer.json["code"] for answer in answers if answer.status_code != 201)
    assert set(codes) <= {"too_much_evidence", BUSY, "rate_limited"}
    with court.app.app_context():
        kept = db.session.scalars(select(DisputeEvidence.file_key)).all()
        assert len(kept) == 10 == won(answers, set(codes))
        assert {path.name for path in stored(court.app)} == {key.rpartition("/")[2] for key in kept}


def test_both_parties_have_ten_each(court: Court) -> None:
    order_id = court.order("disputed")
    calls = [court.evidence(role, order_id) for role in ("customer", "performer")]
    at_once(calls * (THREADS // 2))
    with court.app.app_context():
        sides = Counter(db.session.scalars(select(DisputeEvidence.side)))
    assert sides == {"customer": 10, "performer": 10}


@pytest.mark.parametrize("_run", range(5))
def test_evidence_and_the_end(court: Court, _run: int) -> None:
    """What comes after the end is refused, and leaves no file."""
    order_id = court.order("disputed")
    for path in stored(court.app):
        path.unlink()
    calls = [court.call("customer", order_id, "withdraw"), *[court.evidence("performer", order_id)] * 9]
    answers = at_once(calls)
    assert won(answers, {"dispute_not_open", BUSY}) >= 1
    status, [dispute] = court.check(order_id)
    assert (status, dispute.outcome) == ("delivered", "withdrawn")
    with court.app.app_context():
        rows = db.session.scalars(select(DisputeEvidence.file_key)).all()
    assert len(rows) == len(stored(court.app)) == won(answers, {"dispute_not_open", BUSY}) - 1
