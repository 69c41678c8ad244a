"""The performer arrives: codes, tries, and who sees what."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from marketplace.blueprints.orders.wiring import Orders
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.models import Order, OrderTransition
from marketplace.testing import START, CheckedClient
from marketplace.web.runtime import Runtime
from tests.orders.conftest import Deal, event_names

HOUR = timedelta(hours=1)
URL = "/api/v1/orders"
CODE = "0417"


def arrive(client: CheckedClient, deal: Deal, order_id: int, role: str = "performer", **body: Any) -> Any:
    return client.post(f"{URL}/{order_id}/arrive", json=body, headers=deal.headers[role])


def coded(deal: Deal, **values: Any) -> int:
    return int(deal.order("confirmed", **{"starts_at": START + HOUR, "arrival_code": CODE, **values}).id)


def tries(order_id: int) -> int:
    return int(
        db.session.scalar(text('SELECT arrival_tries FROM "order" WHERE id = :id'), {"id": order_id}) or 0
    )


def test_only_the_customer_sees_the_code(client: CheckedClient, deal: Deal, runtime: Runtime) -> None:
    body = {
        "service_id": deal.service.id,
        "starts_at": (START + timedelta(days=1)).isoformat(),
        "address": {"line1": "Side Street 2"},
        "arrival_code": True,
    }
    made = client.post(URL, json=body, headers=deal.headers["customer"]).json
    code = made["arrival_code"]
    assert len(code) == 4
    assert code.isdecimal()
    path = f"{URL}/{made['id']}"
    assert client.get(path, headers=deal.headers["customer"]).json["arrival_code"] == code
    assert (
        client.post(f"{path}/accept", json={}, headers=deal.headers["performer"]).json["arrival_code"] is None
    )
    for role in ("performer", "staff", "moderator"):
        found = client.get(path, headers=deal.headers[role]).json
        assert (found["arrival_code"], found["has_arrival_code"]) == (None, True)
        for list_ in ("/api/v1/orders", "/api/v1/admin/orders"):
            listed = client.get(list_, headers=deal.headers[role])
            assert all(item["arrival_code"] is None for item in (listed.json.get("items") or []))
    assert client.get(URL, headers=deal.headers["customer"]).json["items"][0]["arrival_code"] == code
    records = runtime.get(Orders).records
    assert [row["arrival_code"] for row in records.orders(deal.customer.id)] == [code]
    assert [row["arrival_code"] for row in records.orders(deal.performer_user.id)] == [None]
    steps = db.session.execute(select(OrderTransition.data, OrderTransition.reason)).all()
    events = db.session.scalars(select(DomainEventRow.payload)).all()
    assert f'"{code}"' not in json.dumps([[list(row) for row in steps], list(events)], default=str)
    assert code not in repr(runtime.get(Orders).rows.find(made["id"]))


def test_the_right_code_proves_it_once(client: CheckedClient, deal: Deal) -> None:
    order_id = coded(deal)
    wrong = arrive(client, deal, order_id, code="9999")
    assert (wrong.status_code, wrong.json["code"]) == (422, "wrong_arrival_code")
    right = arrive(client, deal, order_id, code=CODE)
    assert right.status_code == 200, right.json
    assert (right.json["status"], right.json["arrived_at"], right.json["arrival_proven"]) == (
        "confirmed",
        "2026-05-04T09:00:00Z",
        True,
    )
    assert tries(order_id) == 2
    again = arrive(client, deal, order_id, code=CODE)
    assert (again.status_code, again.json["code"]) == (409, "transition_not_allowed")
    assert "arrive" not in right.json["allowed_transitions"]
    assert event_names() == ["order.arrived"]
    [step] = db.session.execute(select(OrderTransition.transition, OrderTransition.data)).all()
    assert tuple(step) == ("arrive", {})


def test_a_mere_word_can_be_proven_later(client: CheckedClient, deal: Deal) -> None:
    order_id = coded(deal)
    word = arrive(client, deal, order_id)
    assert (word.json["arrival_proven"], word.json["arrived_at"]) == (False, "2026-05-04T09:00:00Z")
    assert arrive(client, deal, order_id).status_code == 409
    assert arrive(client, deal, order_id, code=CODE).json["arrival_proven"] is True


def test_an_order_without_a_code(client: CheckedClient, deal: Deal) -> None:
    order_id = coded(deal, arrival_code=None)
    assert arrive(client, deal, order_id, code=CODE).json["code"] == "wrong_arrival_code"
    assert arrive(client, deal, order_id).json["arrival_proven"] is False
    assert arrive(client, deal, order_id).status_code == 409


def test_five_tries(client: CheckedClient, deal: Deal) -> None:
    order_id = coded(deal)
    version = db.session.scalar(select(Order.version).where(Order.id == order_id))
    for number in range(5):
        answer = client.post(
            f"{URL}/{order_id}/arrive",
            json={"code": f"000{number}"},
            headers={**deal.headers["performer"], "Idempotency-Key": f"key-{number}"},
        )
        assert answer.json["code"] == "wrong_arrival_code"
    assert tries(order_id) == 5, "stored although the requests were refused"
    assert db.session.scalar(select(Order.version).where(Order.id == order_id)) == version
    spent = arrive(client, deal, order_id, code=CODE)
    assert (spent.status_code, spent.json["code"]) == (409, "too_many_arrival_tries")
    assert arrive(client, deal, order_id).json["arrival_proven"] is False


def test_a_repeated_request_takes_no_try(client: CheckedClient, deal: Deal) -> None:
    order_id = coded(deal)
    headers = {**deal.headers["performer"], "Idempotency-Key": "once"}
    answers = [
        client.post(f"{URL}/{order_id}/arrive", json={"code": CODE}, headers=headers) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].data == answers[1].data
    assert tries(order_id) == 1


@pytest.mark.parametrize("role", ["customer", "staff", "moderator", "stranger"])
def test_others_take_no_tries(client: CheckedClient, deal: Deal, role: str) -> None:
    order_id = coded(deal)
    answer = arrive(client, deal, order_id, role, code=CODE)
    assert answer.status_code == (404 if role == "stranger" else 403)
    assert tries(order_id) == 0


def test_too_early_takes_no_try(client: CheckedClient, deal: Deal) -> None:
    order_id = coded(deal, starts_at=START + 3 * HOUR)
    answer = arrive(client, deal, order_id, code=CODE)
    assert (answer.status_code, answer.json["allowed_from"]) == (409, "2026-05-04T10:00:00Z")
    assert tries(order_id) == 0


@pytest.mark.parametrize("code", ["٠٤١٧", "417", "04170", "0 17", "", 417, None])
def test_codes_of_another_form(client: CheckedClient, deal: Deal, code: Any) -> None:
    order_id = coded(deal)
    assert arrive(client, deal, order_id, code=code).status_code == 422
    assert tries(order_id) == 0


def test_another_start_makes_the_arrival_void(client: CheckedClient, deal: Deal) -> None:
    order_id = coded(deal)
    assert arrive(client, deal, order_id, code=CODE).status_code == 200
    body = {"starts_at": (START + 2 * HOUR).isoformat()}
    for role in ("customer", "performer"):
        answer = client.post(f"{URL}/{order_id}/reschedule", json=body, headers=deal.headers[role])
        assert answer.status_code == 200, answer.json
    assert (answer.json["arrived_at"], answer.json["arrival_proven"]) == (None, False)
    assert (answer.json["has_arrival_code"], tries(order_id)) == (True, 0)
