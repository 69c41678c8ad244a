"""Booking, lists, disputes and new times over REST; what goes out; what happens by itself."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from marketplace.blueprints.orders.wiring import Orders
from marketplace.database.tables import Job
from marketplace.extensions import db
from marketplace.models import AuditEntry, Category, Order, Performer, Service, User
from tests.conftest import START
from tests.orders.conftest import Deal, events_of, steps_of, stored

DAY = timedelta(days=1)
BIG = 2**62


def booking(deal: Deal, **values: Any) -> dict[str, Any]:
    return {
        "service_id": deal.service.id,
        "starts_at": (START + DAY).isoformat(),
        "address": {"line1": "Side Street 2", "postal_code": "10115"},
        "note": "Ring twice",
    } | values


def count_orders() -> int:
    return db.session.scalar(select(func.count()).select_from(Order)) or 0


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.get_json()["code"]


# --- booking ----------------------------------------------------------------------------------------


def test_book(deal: Deal) -> None:
    response = deal.post("customer", "/orders", booking(deal, starts_at="2026-05-06T12:30:00+03:00"))
    assert response.status_code == 201
    body = response.get_json()
    order_id = body.pop("id")
    assert body == {
        "customer_id": deal.users["customer"].id,
        "performer_id": deal.performer.id,
        "service_id": deal.service.id,
        "status": "pending",
        "title": "Install a lamp",
        "pricing": "fixed",
        "price": {"amount": 5000, "currency": "EUR"},
        "starts_at": "2026-05-06T09:30:00Z",
        "ends_at": "2026-05-06T10:30:00Z",
        "address": {"line1": "Side Street 2", "postal_code": "10115"},
        "note": "Ring twice",
        "proposed_starts_at": None,
        "proposed_by": None,
        "resolution": None,
        "resolution_by": None,
        "completed_at": None,
        "created_at": "2026-05-04T09:00:00Z",
        "updated_at": "2026-05-04T09:00:00Z",
        "allowed_transitions": ["cancel", "reschedule"],
    }
    assert events_of(order_id) == ["order.created"]
    [step] = steps_of(order_id)
    assert (step.transition, step.from_status, step.to_status, step.actor_role) == (
        "create", None, "pending", "customer",
    )  # fmt: skip
    got = deal.get("customer", f"/orders/{order_id}")
    assert got.get_json() == body | {"id": order_id}
    assert got.headers["ETag"] == response.headers["ETag"]


def test_a_later_change_of_the_service_changes_no_order(deal: Deal) -> None:
    order_id = deal.post("customer", "/orders", booking(deal)).get_json()["id"]
    db.session.execute(
        update(Service)
        .where(Service.id == deal.service.id)
        .values(title="Remove a lamp", price_amount=1, duration_minutes=5)
    )
    order = deal.get("customer", f"/orders/{order_id}").get_json()
    assert (order["title"], order["price"]["amount"], order["ends_at"]) == (
        "Install a lamp", 5000, "2026-05-05T10:00:00Z",
    )  # fmt: skip


def test_a_quote_has_no_price(deal: Deal) -> None:
    service = deal.make.service(deal.performer, pricing="quote", price_amount=None, price_currency=None)
    body = deal.post("customer", "/orders", booking(deal, service_id=service.id)).get_json()
    assert (body["pricing"], body["price"]) == ("quote", None)


def test_the_note_may_be_left_out(deal: Deal) -> None:
    values = booking(deal)
    del values["note"]
    assert deal.post("customer", "/orders", values).get_json()["note"] == ""


def test_bookings_that_are_refused(deal: Deal) -> None:
    for start, expected in (
        (START, "starts_in_past"),
        (START - DAY, "starts_in_past"),
        (START + 366 * DAY, "too_far_ahead"),
    ):
        response = deal.post("customer", "/orders", booking(deal, starts_at=start.isoformat()))
        assert code(response) == (422, expected)
        assert list(response.get_json()["errors"]["json"]) == ["starts_at"]
    assert code(deal.post("performer", "/orders", booking(deal))) == (403, "own_service")
    assert deal.post("customer", "/orders", booking(deal, service_id=BIG)).status_code == 404
    assert deal.client.post("/api/v1/orders", json=booking(deal)).status_code == 401
    deal.users["unverified"] = deal.make.user(email_verified=False)
    assert code(deal.post("unverified", "/orders", booking(deal))) == (403, "not_verified")
    assert count_orders() == 0


HIDDEN = {
    "switched off": (Service, {"is_active": False}),
    "deleted": (Service, {"deleted_at": START}),
    "paused": (Performer, {"active": False}),
    "pending": (Performer, {"status": "pending"}),
    "suspended": (Performer, {"status": "suspended"}),
    "category closed": (Category, {"is_active": False}),
    "blocked": (User, {"is_active": False}),
}


@pytest.mark.parametrize("why", HIDDEN)
def test_nobody_books_what_the_public_cannot_see(deal: Deal, why: str) -> None:
    model, values = HIDDEN[why]
    ids = {
        Service: deal.service.id,
        Performer: deal.performer.id,
        Category: deal.service.category_id,
        User: deal.performer.user_id,
    }
    db.session.execute(update(model).where(model.id == ids[model]).values(**values))
    assert code(deal.post("customer", "/orders", booking(deal))) == (404, "not_found")
    assert count_orders() == 0


@pytest.mark.parametrize("status", ["confirmed", "in_progress", "pending", "cancelled", "completed"])
def test_a_slot_that_is_taken(deal: Deal, status: str) -> None:
    deal.order(status, starts_at=START + DAY)
    taken = status in {"confirmed", "in_progress"}
    for minutes, clashes in ((-60, False), (-59, True), (0, True), (59, True), (60, False)):
        starts_at = START + DAY + timedelta(minutes=minutes)
        response = deal.post("customer", "/orders", booking(deal, starts_at=starts_at.isoformat()))
        if taken and clashes:
            assert code(response) == (409, "slot_taken"), minutes
        else:
            assert response.status_code == 201, minutes


HOSTILE: list[dict[str, Any]] = [
    {"service_id": 0},
    {"service_id": -1},
    {"service_id": 2**63},
    {"service_id": "1"},
    {"service_id": 1.5},
    {"service_id": True},
    {"service_id": None},
    {"starts_at": "2026-05-06T12:30:00"},
    {"starts_at": "2026-05-06"},
    {"starts_at": "tomorrow"},
    {"starts_at": 1_777_000_000},
    {"starts_at": "9999-12-31T23:59:59-23:00"},
    {"starts_at": "0001-01-01T00:00:00+14:00"},
    {"address": "Side Street 2"},
    {"address": {}},
    {"address": {"line1": ""}},
    {"address": {"line1": "x" * 201}},
    {"address": {"line1": "a\x00b"}},
    {"address": {"line1": "x", "floor": 3}},
    {"address": []},
    {"note": "x" * 2001},
    {"note": "\ud800"},
    {"note": {"$gt": ""}},
    {"status": "confirmed"},
    {"price": {"amount": 1, "currency": "EUR"}},
    {"customer_id": 1},
    {"id": 1},
]


def test_hostile_bookings(deal: Deal) -> None:
    for change in HOSTILE:
        response = deal.post("customer", "/orders", booking(deal, **change))
        assert response.status_code in {400, 422}, (change, response.get_json())
    for missing in ("service_id", "starts_at", "address"):
        values = booking(deal)
        del values[missing]
        assert deal.post("customer", "/orders", values).status_code == 422
    headers = deal.headers("customer")
    for body, status in ((b"[]", 422), (b"{", 400), (b'{"note": NaN}', 400), (b"\xff", 400)):
        response = deal.client.post(
            "/api/v1/orders", data=body, content_type="application/json", headers=headers
        )
        assert response.status_code in {status, 400}, body
    assert deal.client.post("/api/v1/orders", data="a=b", headers=headers).status_code == 415
    assert count_orders() == 0


def test_a_booking_with_a_key_is_made_once(deal: Deal) -> None:
    key = {"Idempotency-Key": "b-1"}
    first = deal.post("customer", "/orders", booking(deal), **key)
    again = deal.post("customer", "/orders", booking(deal), **key)
    assert (again.status_code, again.get_data()) == (201, first.get_data())
    assert again.headers["ETag"] == first.headers["ETag"]
    assert count_orders() == 1
    other = deal.post("customer", "/orders", booking(deal, note="Knock"), **key)
    assert code(other) == (422, "idempotency_key_reused")
    assert deal.post("stranger", "/orders", booking(deal), **key).status_code == 201, "keys are per user"


def test_a_refused_booking_frees_its_key(deal: Deal) -> None:
    key = {"Idempotency-Key": "b-2"}
    late = booking(deal, starts_at=START.isoformat())
    assert deal.post("customer", "/orders", late, **key).status_code == 422
    assert deal.post("customer", "/orders", booking(deal), **key).status_code == 201


# --- new times and disputes -------------------------------------------------------------------------


def test_reschedule(deal: Deal) -> None:
    order_id = deal.order("confirmed")
    before = stored(order_id).starts_at
    wanted = {"starts_at": (START + 9 * DAY).isoformat()}
    proposed = deal.step("performer", order_id, "reschedule", wanted).get_json()
    assert (proposed["proposed_starts_at"], proposed["proposed_by"]) == ("2026-05-13T09:00:00Z", "performer")
    assert stored(order_id).starts_at == before
    other = {"starts_at": (START + 10 * DAY).isoformat()}
    counter = deal.step("customer", order_id, "reschedule", other).get_json()
    assert (counter["proposed_starts_at"], counter["proposed_by"]) == ("2026-05-14T09:00:00Z", "customer")
    accepted = deal.step("performer", order_id, "reschedule", other).get_json()
    assert (accepted["starts_at"], accepted["ends_at"]) == ("2026-05-14T09:00:00Z", "2026-05-14T10:00:00Z")
    assert (accepted["proposed_starts_at"], accepted["proposed_by"], accepted["status"]) == (
        None, None, "confirmed",
    )  # fmt: skip
    assert events_of(order_id) == ["order.reschedule_proposed"] * 2 + ["order.rescheduled"]
    assert [step.actor_role for step in steps_of(order_id)] == ["performer", "customer", "performer"]


def test_times_that_nobody_proposes(deal: Deal) -> None:
    order_id = deal.order("confirmed")
    deal.order("confirmed", starts_at=START + 9 * DAY)
    for start, expected in (
        (START, (422, "starts_in_past")),
        (START + 366 * DAY, (422, "too_far_ahead")),
        (START + 9 * DAY, (409, "slot_taken")),
    ):
        response = deal.step("customer", order_id, "reschedule", {"starts_at": start.isoformat()})
        assert code(response) == expected
    assert stored(order_id).version == 1


def test_the_database_refuses_a_new_time_that_was_taken_in_between(deal: Deal) -> None:
    order_id = deal.order("confirmed")
    wanted = {"starts_at": (START + 9 * DAY).isoformat()}
    assert deal.step("customer", order_id, "reschedule", wanted).status_code == 200
    deal.order("confirmed", starts_at=START + 9 * DAY)
    assert code(deal.step("performer", order_id, "reschedule", wanted)) == (409, "slot_taken")
    assert (stored(order_id).version, stored(order_id).proposed_by) == (2, "customer")


def test_parties_agree_how_a_dispute_ends(deal: Deal) -> None:
    order_id = deal.order("disputed")
    body = {"outcome": "completed", "reason": "Half the price back"}
    proposed = deal.step("customer", order_id, "resolve", body).get_json()
    assert (proposed["status"], proposed["resolution"], proposed["resolution_by"]) == (
        "disputed", "completed", "customer",
    )  # fmt: skip
    ended = deal.step("performer", order_id, "resolve", {"outcome": "completed"}).get_json()
    assert (ended["status"], ended["resolution"], ended["completed_at"]) == (
        "completed", None, "2026-05-04T09:00:00Z",
    )  # fmt: skip
    assert db.session.scalars(select(AuditEntry)).all() == []


@pytest.mark.parametrize("outcome", ["completed", "cancelled"])
def test_staff_decides_and_is_audited(deal: Deal, outcome: str) -> None:
    order_id = deal.order("disputed")
    path = f"/admin/orders/{order_id}/resolve"
    body = {"outcome": outcome, "reason": "The lamp hangs"}
    assert deal.post("customer", path, body).status_code == 403
    for bad in ({}, {"outcome": outcome}, {"outcome": "disputed", "reason": "x"}, {**body, "reason": ""}):
        assert deal.post("staff", path, bad).status_code == 422
    response = deal.post("staff", path, body)
    assert (response.status_code, response.get_json()["status"]) == (200, outcome)
    entry = db.session.execute(select(AuditEntry)).scalar_one()
    assert (entry.action, entry.subject_type, entry.subject_id) == ("order.resolve", "order", order_id)
    assert (entry.actor_id, entry.reason) == (deal.users["staff"].id, "The lamp hangs")
    assert (entry.before, entry.after) == ({"status": "disputed"}, {"status": outcome})
    assert entry.request_id is not None
    assert code(deal.post("staff", path, body)) == (409, "transition_not_allowed")
    assert deal.post("staff", f"/admin/orders/{BIG}/resolve", body).status_code == 404


def test_staff_does_not_judge_in_its_own_case(deal: Deal) -> None:
    order_id = deal.order("disputed")
    deal.users["judge"] = deal.users["customer"]
    db.session.execute(update(User).where(User.id == deal.users["customer"].id).values(roles=["admin"]))
    body = {"outcome": "cancelled", "reason": "I am right"}
    assert code(deal.post("judge", f"/admin/orders/{order_id}/resolve", body)) == (403, "wrong_party")
    assert stored(order_id).status == "disputed"


# --- lists ------------------------------------------------------------------------------------------


def ids(response: Any) -> list[int]:
    assert response.status_code == 200, response.get_json()
    return [item["id"] for item in response.get_json()["items"]]


def test_own_orders(deal: Deal) -> None:
    first = deal.order("confirmed", starts_at=START + DAY)
    second = deal.order(starts_at=START + 2 * DAY, created_at=START + timedelta(hours=1))
    foreign = deal.make.order().id
    assert ids(deal.get("customer", "/orders")) == [second, first]
    assert ids(deal.get("performer", "/orders", role="performer")) == [second, first]
    assert ids(deal.get("performer", "/orders", role="customer")) == []
    assert ids(deal.get("customer", "/orders", role="performer")) == []
    assert ids(deal.get("stranger", "/orders")) == []
    assert ids(deal.get("staff", "/orders")) == [], "staff has its own list"
    assert ids(deal.get("customer", "/orders", status="confirmed")) == [first]
    late = (START + 2 * DAY).isoformat().replace("+00:00", "Z")
    assert ids(deal.get("customer", "/orders", **{"from": late})) == [second]
    assert ids(deal.get("customer", "/orders", to=late)) == [first]
    assert ids(deal.get("staff", "/admin/orders")) == [foreign, second, first]
    assert ids(deal.get("staff", "/admin/orders", status="confirmed")) == [first]
    assert deal.get("customer", "/admin/orders").status_code == 403
    items = deal.get("performer", "/orders").get_json()["items"]
    assert items[0]["allowed_transitions"] == ["accept", "decline", "cancel", "reschedule"]


def test_queries_that_are_refused(deal: Deal) -> None:
    for query in (
        {"role": "staff"},
        {"status": "lost"},
        {"from": "2026-05-04"},
        {"limit": 0},
        {"limit": 101},
        {"page": 1},
        {"customer_id": 1},
    ):
        assert deal.get("customer", "/orders", **query).status_code == 422, query


def test_cursors(deal: Deal) -> None:
    expected = [deal.order() for _ in range(5)][::-1]
    first = deal.get("customer", "/orders", limit=2).get_json()
    second = deal.get("customer", "/orders", limit=2, after=first["next"]).get_json()
    third = deal.get("customer", "/orders", limit=2, after=second["next"]).get_json()
    assert [i["id"] for page in (first, second, third) for i in page["items"]] == expected
    assert (first["previous"], third["next"]) == (None, None)
    back = deal.get("customer", "/orders", limit=2, before=third["previous"]).get_json()
    assert back["items"] == second["items"]
    for role, query in (
        ("customer", {"after": first["next"][:-1]}),
        ("customer", {"after": first["next"], "status": "pending"}),
        ("customer", {"after": first["next"], "role": "customer"}),
        ("performer", {"after": first["next"]}),
        ("customer", {"before": first["next"]}),
    ):
        assert code(deal.get(role, "/orders", **query)) == (400, "invalid_cursor"), query
    assert code(deal.get("staff", "/admin/orders", after=first["next"])) == (400, "invalid_cursor")


@pytest.mark.parametrize("count", [1, 6, 100])
def test_what_lists_cost(deal: Deal, assert_queries: Any, count: int) -> None:
    for _ in range(count):
        order_id = deal.order()
    for role, path in (("customer", "/orders"), ("performer", "/orders"), ("staff", "/admin/orders")):
        deal.headers(role)
        with assert_queries(2):  # the caller, the page
            assert len(ids(deal.get(role, path, limit=100))) == count
    for _ in range(count):
        body = {"starts_at": (START + 200 * DAY).isoformat()}
        assert deal.step("customer", order_id, "reschedule", body).status_code == 200
    with assert_queries(3):  # the caller, the order, the page
        assert (
            len(deal.get("customer", f"/orders/{order_id}/history", limit=100).get_json()["items"]) == count
        )
    with assert_queries(2):
        deal.get("customer", f"/orders/{order_id}")


# --- what goes out, and what happens by itself ------------------------------------------------------


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    seen: list[tuple[str, str, Any]] = []
    monkeypatch.setattr(
        "marketplace.blueprints.orders.handlers.publish",
        lambda room, name, payload: seen.append((room, name, payload)),
    )
    return seen


def test_both_parties_are_told(deal: Deal, run_jobs: Any, published: list[Any]) -> None:
    order_id = deal.post("customer", "/orders", booking(deal)).get_json()["id"]
    assert published == [], "not before the commit, and by the worker"
    run_jobs()
    rooms = [f"user:{deal.users[role].id}" for role in ("customer", "performer")]
    created = {"order_id": order_id, "status": "pending", "event": "order.created"}
    assert published == [(room, "order:updated", created) for room in rooms]
    published.clear()
    deal.step("performer", order_id, "accept")
    deal.step("customer", order_id, "reschedule", {"starts_at": (START + 3 * DAY).isoformat()})
    run_jobs()
    assert sorted((room, payload["event"], payload["status"]) for room, _, payload in published) == sorted(
        (room, event, "confirmed")
        for room in rooms
        for event in ("order.accepted", "order.reschedule_proposed")
    )


def test_a_refused_step_tells_nobody(deal: Deal, run_jobs: Any, published: list[Any]) -> None:
    order_id = deal.order("confirmed")
    deal.step("performer", order_id, "accept")
    deal.step("customer", order_id, "start")
    run_jobs()
    assert published == []


def test_timers(deal: Deal, runtime: Any, clock: Any, run_jobs: Any, published: list[Any]) -> None:
    pending = deal.order(starts_at=START + 9 * DAY)
    delivered = deal.order("delivered")
    disputed = deal.order("disputed")

    def tick() -> None:
        with runtime.uow as uow:
            uow.enqueue("orders.expire", {})
            uow.enqueue("orders.complete", {})
        run_jobs()

    clock.set(START + DAY - timedelta(seconds=1))
    tick()
    assert (stored(pending).status, stored(delivered).status) == ("pending", "delivered")
    clock.set(START + DAY)
    tick()
    assert (stored(pending).status, stored(delivered).status) == ("expired", "delivered")
    clock.set(START + 2 * DAY)
    tick()
    tick()
    assert (stored(delivered).status, stored(delivered).completed_at) == ("completed", START + 2 * DAY)
    assert (stored(disputed).status, stored(disputed).version) == ("disputed", 1)
    for order_id, event, was in ((pending, "expired", "pending"), (delivered, "completed", "delivered")):
        assert events_of(order_id) == [f"order.{event}"]
        [step] = steps_of(order_id)
        assert (step.from_status, step.to_status) == (was, event)
        assert (step.actor_id, step.actor_role) == (None, "system")
    assert {payload["event"] for _, _, payload in published} == {"order.expired", "order.completed"}
    deal.sign_in_again()
    assert code(deal.step("performer", pending, "accept")) == (409, "transition_not_allowed")


def test_a_full_batch_calls_for_another(
    deal: Deal, runtime: Any, clock: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch, published: list[Any]
) -> None:
    monkeypatch.setattr("marketplace.blueprints.orders.handlers.BATCH", 2)
    monkeypatch.setattr("marketplace.blueprints.orders.services.BATCH", 2)
    orders = [deal.order() for _ in range(5)]
    clock.advance(DAY * 30)
    with runtime.uow as uow:
        uow.enqueue("orders.expire", {})
    run_jobs()
    assert {stored(order_id).status for order_id in orders} == {"expired"}
    ran = select(func.count()).select_from(Job).where(Job.kind == "orders.expire", Job.status == "done")
    assert db.session.scalar(ran) == 3


def test_a_batch_costs_the_same_at_any_size(deal: Deal, runtime: Any, clock: Any) -> None:
    """Rows are moved and told by a statement for all; only events go one by one."""
    transitions = runtime.get(Orders).transitions
    for _ in range(7):
        deal.order()
    clock.advance(30 * DAY)
    with runtime.uow:
        assert transitions.expire_due() == 7
        assert transitions.expire_due() == 0
