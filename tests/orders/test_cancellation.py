"""Policies of performers, what cancelling costs, no-shows and waivers, over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, Notification, Order, PerformerFigures
from marketplace.testing import START, CheckedClient
from tests.orders.conftest import Deal, event_names

HOUR = timedelta(hours=1)
URL = "/api/v1"
OWN = f"{URL}/performers/me/cancellation-policy"
FLEXIBLE = {
    "name": "flexible",
    "tiers": [{"hours_before": 24, "percent": 50}, {"hours_before": 0, "percent": 100}],
}


def choose(client: CheckedClient, deal: Deal, body: Any) -> Any:
    headers = deal.headers["performer"]
    tag = client.get(OWN, headers=headers).headers["ETag"]
    return client.put(OWN, json=body, headers={**headers, "If-Match": tag})


def post(client: CheckedClient, deal: Deal, role: str, order_id: int, name: str, body: Any = None) -> Any:
    prefix = f"{URL}/admin" if name == "waive" else URL
    return client.post(f"{prefix}/orders/{order_id}/{name}", json=body or {}, headers=deal.headers[role])


def confirmed(deal: Deal, **values: Any) -> int:
    values.setdefault("cancellation_policy", FLEXIBLE)
    return int(deal.order("confirmed", **values).id)


def test_a_performer_chooses_a_policy(client: CheckedClient, deal: Deal) -> None:
    public = f"{URL}/performers/{deal.performer.id}/cancellation-policy"
    assert client.get(OWN, headers=deal.headers["performer"]).json == {"name": "free", "tiers": []}
    assert client.get(public).json == {"name": "free", "tiers": []}
    assert choose(client, deal, {"name": "flexible"}).json == FLEXIBLE
    assert client.get(public).json == FLEXIBLE
    own = {"name": "custom", "tiers": [{"hours_before": 2, "percent": 10}]}
    assert choose(client, deal, own).json == own
    pending = deal.make.performer(status="pending")
    assert client.get(f"{URL}/performers/{pending.id}/cancellation-policy").status_code == 404


def test_a_policy_is_edited_by_its_version(client: CheckedClient, deal: Deal) -> None:
    headers = deal.headers["performer"]
    first = client.get(OWN, headers=headers).headers["ETag"]
    assert client.put(OWN, json={"name": "strict"}, headers=headers).status_code == 428
    assert client.put(OWN, json={"name": "strict"}, headers={**headers, "If-Match": first}).status_code == 200
    assert client.put(OWN, json={"name": "free"}, headers={**headers, "If-Match": first}).status_code == 412


@pytest.mark.parametrize(
    "body",
    [
        {"name": "custom"},
        {"name": "custom", "tiers": []},
        {"name": "strict", "tiers": [{"hours_before": 24, "percent": 50}]},
        {"name": "custom", "tiers": [{"hours_before": 0, "percent": 101}]},
        {"name": "custom", "tiers": [{"hours_before": -1, "percent": 10}]},
        {"name": "custom", "tiers": [{"hours_before": 8761, "percent": 10}]},
        {"name": "custom", "tiers": [{"hours_before": 1, "percent": 10}] * 2},
        {"name": "custom", "tiers": [{"hours_before": 20 - n, "percent": n} for n in range(11)]},
        {"name": "lenient"},
    ],
)
def test_policies_that_are_refused(client: CheckedClient, deal: Deal, body: Any) -> None:
    assert choose(client, deal, body).status_code == 422
    assert client.get(OWN, headers=deal.headers["performer"]).json["name"] == "free"


def test_an_order_keeps_the_policy_of_its_day(client: CheckedClient, deal: Deal) -> None:
    choose(client, deal, {"name": "flexible"})
    body = {
        "service_id": deal.service.id,
        "starts_at": (START + timedelta(days=1)).isoformat(),
        "address": {"line1": "Side Street 2"},
    }
    order = client.post(f"{URL}/orders", json=body, headers=deal.headers["customer"]).json
    assert order["cancellation_policy"] == FLEXIBLE
    choose(client, deal, {"name": "strict"})
    again = client.get(f"{URL}/orders/{order['id']}", headers=deal.headers["performer"]).json
    assert again["cancellation_policy"] == FLEXIBLE


@pytest.mark.parametrize("role", ["customer", "performer", "staff", "moderator"])
def test_what_cancelling_would_cost(client: CheckedClient, deal: Deal, role: str) -> None:
    order_id = confirmed(deal, starts_at=START + 12 * HOUR)
    found = client.get(f"{URL}/orders/{order_id}/cancellation", headers=deal.headers[role])
    assert found.json == {
        "policy": FLEXIBLE,
        "by_customer": {
            "paid_by": "customer",
            "percent": 50,
            "amount": {"amount": 2500, "currency": "EUR"},
            "fault": "customer",
        },
        "by_performer": {
            "paid_by": None,
            "percent": 0,
            "amount": {"amount": 0, "currency": "EUR"},
            "fault": "performer",
        },
        "free_until": None,
        "next_tier": {
            "starts_at": "2026-05-04T21:00:00Z",
            "percent": 100,
            "amount": {"amount": 5000, "currency": "EUR"},
        },
    }


def test_a_pending_order_costs_nothing(client: CheckedClient, deal: Deal) -> None:
    order_id = deal.order("pending", starts_at=START + 12 * HOUR, cancellation_policy=FLEXIBLE).id
    found = client.get(f"{URL}/orders/{order_id}/cancellation", headers=deal.headers["customer"]).json
    assert (found["by_customer"]["paid_by"], found["by_customer"]["percent"]) == (None, 0)
    assert found["by_performer"]["fault"] == "none"
    ended = post(client, deal, "customer", order_id, "cancel").json["cancellation"]
    assert (ended["fault"], ended["percent"]) == ("none", 0)


def test_what_cannot_be_cancelled_has_no_cost(client: CheckedClient, deal: Deal) -> None:
    for status in ("in_progress", "completed", "cancelled"):
        path = f"{URL}/orders/{deal.order(status).id}/cancellation"
        answer = client.get(path, headers=deal.headers["customer"])
        assert (answer.status_code, answer.json["code"]) == (409, "transition_not_allowed")
        assert client.get(path, headers=deal.headers["stranger"]).status_code == 404


@pytest.mark.parametrize(
    ("role", "fault", "percent", "amount"),
    [("customer", "customer", 50, 2500), ("performer", "performer", 0, 0), ("staff", "none", 0, 0)],
)
def test_cancelling_stores_what_was_told(
    client: CheckedClient, deal: Deal, role: str, fault: str, percent: int, amount: int
) -> None:
    order_id = confirmed(deal, starts_at=START + 12 * HOUR)
    path = f"{URL}/orders/{order_id}/cancellation"
    told = client.get(path, headers=deal.headers["customer"]).json
    answer = post(client, deal, role, order_id, "cancel", {"reason": "Ill"})
    assert answer.json["cancellation"] == {
        "fault": fault,
        "percent": percent,
        "amount": {"amount": amount, "currency": "EUR"},
        "waived_at": None,
    }
    if role != "staff":
        assert told[f"by_{role}"]["percent"] == percent
        assert told[f"by_{role}"]["amount"]["amount"] == amount


@pytest.mark.parametrize(
    ("role", "fault", "percent"), [("customer", "performer", 0), ("performer", "customer", 100)]
)
def test_a_no_show_waits_for_half_an_hour(
    client: CheckedClient, deal: Deal, clock: FrozenClock, run_jobs: Callable[[], int],
    role: str, fault: str, percent: int,
) -> None:  # fmt: skip
    order_id = confirmed(deal, starts_at=START + HOUR)
    clock.advance(HOUR + timedelta(minutes=30) - timedelta(seconds=1))
    deal.sign_in()
    early = post(client, deal, role, order_id, "no-show")
    assert (early.status_code, early.json["code"]) == (409, "transition_not_allowed")
    assert early.json["allowed_from"] == "2026-05-04T10:30:00Z"
    assert "no_show" not in early.json["allowed_transitions"]
    clock.advance(timedelta(seconds=1))
    answer = post(client, deal, role, order_id, "no-show", {"reason": "Nobody there"})
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    assert (answer.json["cancellation"]["fault"], answer.json["cancellation"]["percent"]) == (fault, percent)
    assert event_names() == ["order.no_show"]
    run_jobs()
    other = deal.performer_user if role == "customer" else deal.customer
    told = db.session.scalars(select(Notification).where(Notification.topic == "order.no_show")).all()
    assert [one.user_id for one in told] == [other.id]


def test_a_proven_arrival_is_no_absence(client: CheckedClient, deal: Deal) -> None:
    values = {"starts_at": START - HOUR, "arrived_at": START - HOUR}
    proven = confirmed(deal, arrival_code="0417", arrival_proven=True, **values)
    answer = post(client, deal, "customer", proven, "no-show")
    assert (answer.status_code, answer.json["code"]) == (409, "transition_not_allowed")
    assert "no_show" not in answer.json["allowed_transitions"]
    assert post(client, deal, "performer", proven, "no-show").status_code == 200
    word = confirmed(deal, **values)
    assert post(client, deal, "customer", word, "no-show").status_code == 200


def test_staff_waives_once(client: CheckedClient, deal: Deal, run_jobs: Callable[[], int]) -> None:
    order_id = confirmed(deal, starts_at=START + 12 * HOUR)
    nothing = post(client, deal, "staff", order_id, "waive", {"reason": "x"})
    assert (nothing.status_code, nothing.json["code"]) == (409, "nothing_to_waive")
    post(client, deal, "customer", order_id, "cancel")
    for role, status in (("customer", 403), ("performer", 403), ("moderator", 403)):
        assert post(client, deal, role, order_id, "waive", {"reason": "x"}).status_code == status
    waived = post(client, deal, "staff", order_id, "waive", {"reason": "In hospital"})
    assert waived.json["cancellation"] == {
        "fault": "none",
        "percent": 0,
        "amount": {"amount": 0, "currency": "EUR"},
        "waived_at": "2026-05-04T09:00:00Z",
    }
    again = post(client, deal, "staff", order_id, "waive", {"reason": "In hospital"})
    assert (again.status_code, again.json["code"]) == (409, "nothing_to_waive")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "order.waive")).one()
    assert entry.before == {"fault": "customer", "percent": 50, "amount": 2500}
    assert entry.after == {"fault": "none", "percent": 0, "amount": 0}
    assert entry.reason == "In hospital"
    assert event_names()[-1] == "order.fee_waived"
    run_jobs()
    told = db.session.scalars(select(Notification).where(Notification.topic == "order.fee_waived")).all()
    assert {one.user_id for one in told} == {deal.customer.id, deal.performer_user.id}


def test_nobody_waives_in_their_own_case(client: CheckedClient, deal: Deal) -> None:
    order = deal.make.order(
        deal.staff, deal.service, status="cancelled", fault="customer", cancellation_percent=50
    )
    answer = post(client, deal, "staff", order.id, "waive", {"reason": "Mine"})
    assert (answer.status_code, answer.json["code"]) == (403, "wrong_party")


def withdrawn(deal: Deal) -> tuple[int, int]:
    db.session.expire_all()
    found = db.session.get(PerformerFigures, deal.performer.id)
    return (0, 0) if found is None else (found.completed, found.withdrawn)


def test_the_completion_rate_follows_the_fault(
    client: CheckedClient, deal: Deal, run_jobs: Callable[[], int]
) -> None:
    steps = (
        ("performer", "cancel", START + 12 * HOUR),  # counts
        ("customer", "cancel", START + 36 * HOUR),
        ("staff", "cancel", START + 60 * HOUR),
        ("customer", "no-show", START - 2 * HOUR),  # counts
        ("performer", "no-show", START - 5 * HOUR),
    )
    ids = []
    for role, name, starts_at in steps:
        ids.append(confirmed(deal, starts_at=starts_at))
        db.session.execute(text('UPDATE "order" SET created_at = :at'), {"at": START})
        assert post(client, deal, role, ids[-1], name).status_code == 200
    run_jobs()
    assert withdrawn(deal) == (0, 2)
    assert post(client, deal, "staff", ids[0], "waive", {"reason": "Ill"}).status_code == 200
    run_jobs()
    assert withdrawn(deal) == (0, 1)


def test_orders_of_before_count_by_their_history(
    client: CheckedClient, deal: Deal, run_jobs: Callable[[], int]
) -> None:
    """Code of before stores no fault."""
    order_id = confirmed(deal, created_at=START)
    assert post(client, deal, "performer", order_id, "cancel").status_code == 200
    db.session.execute(
        text('UPDATE "order" SET fault = NULL, cancellation_percent = NULL WHERE id = :id'), {"id": order_id}
    )
    run_jobs()
    assert withdrawn(deal) == (0, 1)
    assert db.session.get_one(Order, order_id).fault is None
