"""Every transition from every status by everybody, as the contract's table says and not otherwise."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.blueprints.orders.policies.life import TRANSITIONS
from marketplace.extensions import db
from marketplace.models import AuditEntry, Order, OrderTransition
from marketplace.models.orders import STATUSES
from marketplace.testing import START, CheckedClient
from tests.orders.conftest import Deal, event_names

# The contract's section 5, word by word; `staff` are admins here: moderators read orders and move none.
TABLE = """
accept          | pending                            | confirmed            | performer
decline         | pending                            | declined             | performer
cancel          | pending, confirmed                 | cancelled            | customer, performer, staff
start           | confirmed                          | in_progress          | performer
deliver         | in_progress, changes_requested     | delivered            | performer
request_changes | delivered                          | changes_requested    | customer
complete        | delivered                          | completed            | customer, staff
dispute         | confirmed, in_progress, delivered  | disputed             | customer, performer
resolve         | disputed                           | completed, cancelled | staff, customer, performer
withdraw        | disputed              | confirmed, in_progress, delivered | customer, performer
escalate        | disputed                           | same                 | customer, performer
reschedule      | pending, confirmed                 | same                 | customer, performer
arrive          | confirmed                          | same                 | performer
no_show         | confirmed                          | cancelled            | customer, performer
"""
ROWS = {
    name: (set(sources.split(", ")), target, set(roles.split(", ")))
    for name, sources, target, roles in (
        [cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()
    )
}
EVENTS = {
    "accept": "order.accepted",
    "decline": "order.declined",
    "cancel": "order.cancelled",
    "start": "order.started",
    "deliver": "order.delivered",
    "request_changes": "order.changes_requested",
    "complete": "order.completed",
    "dispute": "order.disputed",
    "arrive": "order.arrived",
    "no_show": "order.no_show",
    "withdraw": "order.dispute_withdrawn",
    "escalate": "order.escalated",
}
KNOWING = ("customer", "performer", "staff", "moderator")
ROLES = (*KNOWING, "stranger", "other_performer", "unverified", "anonymous")
REFUSED = {"stranger": 404, "other_performer": 404, "unverified": 403, "anonymous": 401}
BODIES = {
    "request_changes": {"reason": "The lamp is crooked"},
    "dispute": {"reason": "Nobody came"},
    "resolve": {"outcome": "cancelled"},
    "reschedule": {"starts_at": (START + timedelta(days=300)).isoformat()},
}


def order_for(deal: Deal, status: str, name: str, role: str) -> Order:
    """An order whose facts and times allow the step, as far as they can."""
    if status != "disputed":
        return deal.order(status)
    opened_by = role if role in {"customer", "performer"} else "customer"
    due_at = START if name == "resolve" else START + timedelta(hours=72)
    return deal.order(status, disputed_by=opened_by, decision_due_at=due_at)


def steps_from(status: str, name: str, role: str) -> list[str]:
    """The steps that `role` may take of an order that `order_for` gives."""
    away = set()
    if status == "disputed":
        away = {"escalate"} if name == "resolve" else {"resolve"} if role == "staff" else set()
    return sorted(key for key, row in ROWS.items() if status in row[0] and role in row[2] and key not in away)


def path(order_id: int, name: str) -> str:
    return f"/api/v1/orders/{order_id}/{name.replace('_', '-')}"


def stored(order_id: int) -> tuple[Any, ...]:
    columns = (Order.status, Order.version, Order.starts_at, Order.proposed_by, Order.resolution)
    return tuple(db.session.execute(select(*columns).where(Order.id == order_id)).one())


def steps(order_id: int) -> list[tuple[Any, ...]]:
    columns = (
        OrderTransition.transition,
        OrderTransition.from_status,
        OrderTransition.to_status,
        OrderTransition.actor_role,
        OrderTransition.actor_id,
    )
    return [tuple(row) for row in db.session.execute(select(*columns).filter_by(order_id=order_id))]


def test_the_table_is_the_contracts() -> None:
    create, expire = TRANSITIONS["create"], TRANSITIONS["expire"]
    assert (set(create.sources), create.target, set(create.roles)) == (set(), "pending", {"customer"})
    assert (set(expire.sources), expire.target, set(expire.roles)) == ({"pending"}, "expired", {"system"})
    for name, (sources, target, roles) in ROWS.items():
        step = TRANSITIONS[name]
        assert set(step.sources) == sources
        assert set(step.roles) - {"system"} == roles
        assert step.targets == (set() if target == "same" else set(target.split(", ")))
    assert set(TRANSITIONS) == {*ROWS, "create", "expire"}


@pytest.mark.usefixtures("at_any_time")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ROWS)
def test_from_every_status(client: CheckedClient, deal: Deal, name: str, role: str) -> None:
    sources, target, roles = ROWS[name]
    actor = {"customer": deal.customer, "performer": deal.performer_user, "staff": deal.staff}.get(role)
    for status in STATUSES:
        order_id = order_for(deal, status, name, role).id
        before, seen = stored(order_id), len(event_names())
        answer = client.post(path(order_id, name), json=BODIES.get(name, {}), headers=deal.headers[role])
        if role not in roles or status not in sources:
            code = REFUSED.get(role, 403 if role not in roles else 409)
            assert answer.status_code == code, (status, answer.json)
            if code == 409:
                assert answer.json["code"] == "transition_not_allowed"
                assert answer.json["order_status"] == status
                assert sorted(answer.json["allowed_transitions"]) == steps_from(status, name, role)
            elif role in KNOWING:
                assert answer.json["code"] == "wrong_party"
            assert (stored(order_id), steps(order_id), len(event_names())) == (before, [], seen)
            continue
        assert actor is not None
        event = EVENTS.get(name, "order.reschedule_proposed")
        after = status if target == "same" else target
        if name == "resolve":
            after, event = ("cancelled", "order.resolved") if role == "staff" else (status, event)
            event = event if role == "staff" else "order.resolution_proposed"
        if name == "withdraw":
            after = "delivered"
        assert answer.status_code == 200, answer.json
        assert answer.json["status"] == after
        assert (stored(order_id)[0], stored(order_id)[1]) == (after, before[1] + 1)
        assert steps(order_id) == [(name, status, after, role, actor.id)]
        assert event_names()[seen:] == [event]
        audited = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_id == order_id)).all()
        if role == "staff":
            (entry,) = audited
            assert (entry.action, entry.actor_id) == (f"order.{name}", actor.id)
            more = {"refund_percent": 100} if name == "resolve" else {}
            assert (entry.before, entry.after) == ({"status": status}, {"status": after, **more})
        else:
            assert not audited


@pytest.mark.usefixtures("at_any_time")
@pytest.mark.parametrize("role", KNOWING)
def test_what_is_allowed_is_told(client: CheckedClient, deal: Deal, role: str) -> None:
    for status in STATUSES:
        order = order_for(deal, status, "", role)
        found = client.get(f"/api/v1/orders/{order.id}", headers=deal.headers[role]).json
        assert sorted(found["allowed_transitions"]) == steps_from(status, "", role)


@pytest.mark.parametrize("name", [name for name in ROWS if name in {"dispute", "request_changes"}])
def test_reasons_that_are_required(client: CheckedClient, deal: Deal, name: str) -> None:
    order = deal.order("delivered")
    for body in ({}, {"reason": ""}, {"reason": None}, {"reason": "x" * 1001}, {"reason": "x", "more": 1}):
        answer = client.post(path(order.id, name), json=body, headers=deal.headers["customer"])
        assert answer.status_code == 422, body
        assert list(answer.json["errors"]["json"]) in (["reason"], ["more"])
    assert stored(order.id)[0] == "delivered"


@pytest.mark.parametrize("name", ["decline", "cancel"])
def test_reasons_are_kept(client: CheckedClient, deal: Deal, name: str) -> None:
    order = deal.order()
    headers = deal.headers["performer"]
    assert client.post(path(order.id, name), json={"reason": "Ill"}, headers=headers).status_code == 200
    (entry,) = client.get(f"/api/v1/orders/{order.id}/history", headers=headers).json["items"]
    assert (entry["reason"], entry["actor_role"], entry["transition"]) == ("Ill", "performer", name)
    # The body is optional as a whole.
    assert client.post(path(deal.order().id, name), headers=headers).status_code == 200


def test_a_retried_step_is_one_step(client: CheckedClient, deal: Deal) -> None:
    order = deal.order()
    headers = deal.headers["performer"] | {"Idempotency-Key": "k"}
    first, again = (client.post(path(order.id, "accept"), headers=headers) for _ in range(2))
    assert (first.status_code, first.data, first.headers["ETag"]) == (
        again.status_code,
        again.data,
        again.headers["ETag"],
    )
    assert len(steps(order.id)) == 1
    plain = client.post(path(order.id, "accept"), headers=deal.headers["performer"])
    assert plain.status_code == 409


def test_the_whole_life(client: CheckedClient, deal: Deal, clock: Any) -> None:
    order = deal.order(starts_at=START + timedelta(hours=2))
    for role, name in [
        ("performer", "accept"),
        ("performer", "start"),
        ("performer", "deliver"),
        ("customer", "request_changes"),
        ("performer", "deliver"),
        ("customer", "complete"),
    ]:
        clock.advance(timedelta(minutes=1))
        answer = client.post(path(order.id, name), json=BODIES.get(name, {}), headers=deal.headers[role])
        assert answer.status_code == 200
    assert answer.json["completed_at"] == "2026-05-04T09:06:00Z"
    assert answer.json["allowed_transitions"] == []
    assert [row[:3] for row in steps(order.id)] == [
        ("accept", "pending", "confirmed"),
        ("start", "confirmed", "in_progress"),
        ("deliver", "in_progress", "delivered"),
        ("request_changes", "delivered", "changes_requested"),
        ("deliver", "changes_requested", "delivered"),
        ("complete", "delivered", "completed"),
    ]


@pytest.mark.parametrize("name", ROWS)
def test_orders_that_do_not_exist(client: CheckedClient, deal: Deal, name: str) -> None:
    for role in KNOWING:
        answer = client.post(path(2**62, name), json=BODIES.get(name, {}), headers=deal.headers[role])
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
