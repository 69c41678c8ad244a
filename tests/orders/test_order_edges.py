"""What lies at the edges of booking: raw bodies, keys, hidden services, foreign cursors, silence."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from marketplace.extensions import db
from marketplace.models import AuditEntry, Category, Order, Service
from marketplace.testing import START, CheckedClient
from tests.orders.conftest import Deal

URL = "/api/v1/orders"


def booking(deal: Deal, **values: Any) -> dict[str, Any]:
    return {
        "service_id": deal.service.id,
        "starts_at": (START + timedelta(days=1)).isoformat(),
        "address": {"line1": "Side Street 2"},
    } | values


def count_orders() -> int:
    return db.session.scalar(select(func.count()).select_from(Order)) or 0


@pytest.mark.parametrize(
    "change",
    [
        {"service_id": 0},
        {"service_id": -1},
        {"service_id": 1.5},
        {"service_id": True},
        {"starts_at": "9999-12-31T23:59:59-23:00"},
        {"starts_at": "0001-01-01T00:00:00+14:00"},
        {"starts_at": 1_777_000_000},
        {"address": []},
        {"address": {"line1": "a\x00b"}},
        {"address": {"line1": "x" * 201}},
        {"note": "\ud800"},
        {"note": {"$gt": ""}},
        {"id": 1},
    ],
)
def test_hostile_values(client: CheckedClient, deal: Deal, change: dict[str, Any]) -> None:
    response = client.post(URL, json=booking(deal, **change), headers=deal.headers["customer"])
    assert response.status_code in {400, 422}, response.get_json()
    assert count_orders() == 0


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"note": NaN}', "application/json", 400),
        (b'{"note": "a", "note": "b"}', "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "application/xml", 415),
    ],
)
def test_bodies_that_are_no_json(
    client: CheckedClient, deal: Deal, body: bytes, kind: str, status: int
) -> None:
    response = client.post(URL, data=body, content_type=kind, headers=deal.headers["customer"])
    assert response.status_code == status
    assert count_orders() == 0


def test_nobody_books_in_a_closed_category(client: CheckedClient, deal: Deal) -> None:
    db.session.execute(
        update(Category).where(Category.id == deal.service.category_id).values(is_active=False)
    )
    assert client.post(URL, json=booking(deal), headers=deal.headers["customer"]).status_code == 404


def test_an_order_outlives_its_service(client: CheckedClient, deal: Deal) -> None:
    order = deal.order()
    db.session.execute(update(Service).where(Service.id == deal.service.id).values(deleted_at=START))
    response = client.post(f"{URL}/{order.id}/accept", headers=deal.headers["performer"])
    assert (response.status_code, response.get_json()["title"]) == (200, "Install a lamp")


def test_a_refused_booking_frees_its_key(client: CheckedClient, deal: Deal) -> None:
    headers = deal.headers["customer"] | {"Idempotency-Key": "k"}
    assert (
        client.post(URL, json=booking(deal, starts_at=START.isoformat()), headers=headers).status_code == 422
    )
    assert client.post(URL, json=booking(deal), headers=headers).status_code == 201
    other = client.post(URL, json=booking(deal), headers=deal.headers["stranger"] | {"Idempotency-Key": "k"})
    assert other.status_code == 201, "keys are per user"
    assert count_orders() == 2


def test_a_key_is_of_one_step(client: CheckedClient, deal: Deal) -> None:
    order = deal.order()
    headers = deal.headers["performer"] | {"Idempotency-Key": "k"}
    assert client.post(f"{URL}/{order.id}/accept", headers=headers).status_code == 200
    response = client.post(f"{URL}/{order.id}/start", headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (422, "idempotency_key_reused")
    assert db.session.scalar(select(Order.status).where(Order.id == order.id)) == "confirmed"


@pytest.mark.usefixtures("at_any_time")
def test_a_history_takes_no_cursor_of_another(client: CheckedClient, deal: Deal) -> None:
    headers = deal.headers["performer"]
    ids = [deal.order().id, deal.order().id]
    for order_id in ids:
        for name in ("accept", "start"):
            client.post(f"{URL}/{order_id}/{name}", headers=headers)
    after = client.get(f"{URL}/{ids[0]}/history?limit=1", headers=headers).get_json()["next"]
    rest = client.get(f"{URL}/{ids[0]}/history?after={after}", headers=headers).get_json()
    assert [entry["transition"] for entry in rest["items"]] == ["start"]
    response = client.get(f"{URL}/{ids[1]}/history?after={after}", headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (400, "invalid_cursor")


def test_a_refused_step_tells_nobody(
    client: CheckedClient, deal: Deal, run_jobs: Any, pushed: list[Any]
) -> None:
    order = deal.order("confirmed")
    client.post(f"{URL}/{order.id}/accept", headers=deal.headers["performer"])
    client.post(f"{URL}/{order.id}/start", headers=deal.headers["customer"])
    run_jobs()
    assert pushed == []


def test_what_the_audit_log_says_of_a_decision(client: CheckedClient, deal: Deal) -> None:
    order = deal.order("disputed", decision_due_at=START)
    body = {"outcome": "cancelled", "reason": "Nobody came", "refund_percent": 40}
    client.post(
        f"/api/v1/admin/orders/{order.id}/resolve",
        json=body,
        headers=deal.headers["staff"] | {"X-Request-ID": "r-1"},
    )
    entry = db.session.execute(select(AuditEntry)).scalar_one()
    assert (entry.action, entry.subject_type, entry.subject_id) == ("order.resolve", "order", order.id)
    assert (entry.actor_id, entry.reason, entry.request_id) == (deal.staff.id, "Nobody came", "r-1")
    assert (entry.before, entry.after) == (
        {"status": "disputed"},
        {"status": "cancelled", "refund_percent": 40},
    )
