"""Booking, reading, agreeing on another time or on the end of a dispute, and what happens by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from marketplace.blueprints.orders import public
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Order, OrderTransition, Service
from marketplace.testing import START, CheckedClient
from marketplace.web.runtime import Runtime
from tests.orders.conftest import Deal, event_names

URL = "/api/v1/orders"
TOMORROW = START + timedelta(days=1)


def booking(deal: Deal, **values: Any) -> dict[str, Any]:
    return {
        "service_id": deal.service.id,
        "starts_at": TOMORROW.isoformat(),
        "address": {"line1": "Side Street 2", "postal_code": "10115"},
    } | values


def book(client: CheckedClient, deal: Deal, role: str = "customer", **values: Any) -> Any:
    return client.post(URL, json=booking(deal, **values), headers=deal.headers[role])


def post(client: CheckedClient, deal: Deal, role: str, path: str, **body: Any) -> Any:
    return client.post(f"/api/v1{path}", json=body, headers=deal.headers[role])


def reschedule(client: CheckedClient, deal: Deal, role: str, order_id: int, starts_at: Any) -> Any:
    return post(client, deal, role, f"/orders/{order_id}/reschedule", starts_at=starts_at.isoformat())


# --- booking ----------------------------------------------------------------------------------------


def test_what_was_agreed_is_copied(client: CheckedClient, deal: Deal) -> None:
    made = book(client, deal, note="Ring twice")
    assert made.status_code == 201
    assert made.headers["ETag"].startswith('"1-')
    order = made.json
    assert order | {"id": 0, "created_at": "", "updated_at": ""} == {
        "id": 0,
        "customer_id": deal.customer.id,
        "performer_id": deal.performer.id,
        "service_id": deal.service.id,
        "series_id": None,
        "series_position": None,
        "status": "pending",
        "title": "Install a lamp",
        "pricing": "fixed",
        "price": {"amount": 5000, "currency": "EUR"},
        "starts_at": "2026-05-05T09:00:00Z",
        "ends_at": "2026-05-05T10:00:00Z",
        "address": {"line1": "Side Street 2", "postal_code": "10115"},
        "note": "Ring twice",
        "despite_conflicts": False,
        "customer_rating": None,
        "proposed_starts_at": None,
        "proposed_by": None,
        "resolution": None,
        "resolution_by": None,
        "resolution_refund": None,
        "decision_due_at": None,
        "refund": None,
        "cancellation_policy": {"name": "free", "tiers": []},
        "cancellation": None,
        "has_arrival_code": False,
        "arrival_code": None,
        "arrived_at": None,
        "arrival_proven": False,
        "completed_at": None,
        "created_at": "",
        "updated_at": "",
        "allowed_transitions": ["cancel", "reschedule"],
    }
    db.session.execute(update(Service).values(title="Other", price_amount=1, duration_minutes=5))
    again = client.get(f"{URL}/{order['id']}", headers=deal.headers["customer"])
    assert again.json == order
    assert event_names() == ["order.created"]
    (entry,) = client.get(f"{URL}/{order['id']}/history", headers=deal.headers["customer"]).json["items"]
    assert (entry["transition"], entry["from_status"], entry["to_status"]) == ("create", None, "pending")


def test_a_booking_does_not_read_what_it_has_stored(
    client: CheckedClient, deal: Deal, assert_queries: Any
) -> None:
    # The caller, the service, the parties, the hours, other orders; then the order, its step, its timers, the event,
    # its jobs.
    with assert_queries(10):
        assert book(client, deal).status_code == 201


def test_what_has_no_price_yet_is_not_booked(client: CheckedClient, deal: Deal) -> None:
    quote = deal.make.service(deal.performer, pricing="quote", price_amount=None, price_currency=None)
    answer = book(client, deal, service_id=quote.id)
    assert (answer.status_code, answer.json["code"]) == (422, "price_needed")
    assert list(answer.json["errors"]["json"]) == ["service_id"]
    assert db.session.scalars(select(Order.id)).all() == []
    around = deal.make.service(deal.performer, pricing="quote")
    assert book(client, deal, service_id=around.id).status_code == 201


def test_one_slot_is_asked_for_once(client: CheckedClient, deal: Deal) -> None:
    first = book(client, deal)
    again = book(client, deal)
    assert (again.status_code, again.json["code"]) == (409, "already_requested")
    assert len(db.session.scalars(select(Order.id)).all()) == 1
    later = deal.make.service(deal.performer)
    assert book(client, deal, service_id=later.id).status_code == 409
    assert book(client, deal, starts_at=(TOMORROW + timedelta(hours=1)).isoformat()).status_code == 201
    assert book(client, deal, service_id=deal.make.service().id).status_code == 201
    assert post(client, deal, "customer", f"/orders/{first.json['id']}/cancel").status_code == 200
    assert book(client, deal).status_code == 201


def test_the_notice_is_kept_for_an_answer_too(
    client: CheckedClient, deal: Deal, clock: FrozenClock, run_jobs: Callable[[], int], runtime: Runtime
) -> None:
    """Nobody can accept after start - notice, and the job says so."""
    db.session.execute(
        text(
            "INSERT INTO performer_schedule (performer_id, weekly, notice_minutes)"
            " VALUES (:id, '{[0,10080)}', 1380)"
        ),
        {"id": deal.performer.id},
    )
    order, other = (
        book(client, deal),
        book(client, deal, starts_at=(TOMORROW + timedelta(hours=1)).isoformat()),
    )
    assert (order.status_code, other.status_code) == (201, 201)
    clock.advance(timedelta(hours=1))
    deal.sign_in()
    late = post(client, deal, "performer", f"/orders/{order.json['id']}/accept")
    assert (late.status_code, late.json["code"], late.json["order_status"]) == (
        409, "transition_not_allowed", "expired",
    )  # fmt: skip
    assert post(client, deal, "performer", f"/orders/{other.json['id']}/accept").status_code == 200
    run_jobs()
    found = client.get(f"{URL}/{order.json['id']}", headers=deal.headers["customer"])
    assert found.json["status"] == "expired"


def test_a_pending_order_is_not_moved_into_the_notice(client: CheckedClient, deal: Deal) -> None:
    order = deal.order(notice_minutes=120, starts_at=TOMORROW)
    answer = reschedule(client, deal, "customer", order.id, START + timedelta(hours=2))
    assert (answer.status_code, answer.json["code"]) == (422, "too_short_notice")
    later = START + timedelta(hours=2, minutes=1)
    assert reschedule(client, deal, "customer", order.id, later).status_code == 200


def test_an_order_is_not_started_days_ahead(client: CheckedClient, deal: Deal, clock: FrozenClock) -> None:
    order = deal.order("confirmed", starts_at=START + timedelta(days=2))
    url, headers = f"{URL}/{order.id}", deal.headers["performer"]
    early = post(client, deal, "performer", f"/orders/{order.id}/start")
    assert (early.status_code, early.json["code"]) == (409, "transition_not_allowed")
    assert early.json["allowed_from"] == "2026-05-06T07:00:00Z"
    assert "start" not in early.json["allowed_transitions"]
    assert "start" not in client.get(url, headers=headers).json["allowed_transitions"]
    clock.set(START + timedelta(hours=46) - timedelta(seconds=1))
    deal.sign_in()
    assert post(client, deal, "performer", f"/orders/{order.id}/start").status_code == 409
    clock.advance(timedelta(seconds=1))
    deal.sign_in()
    seen = client.get(url, headers=deal.headers["performer"])
    assert "start" in seen.json["allowed_transitions"]
    assert post(client, deal, "performer", f"/orders/{order.id}/start").status_code == 200


def test_a_retry_books_once(client: CheckedClient, deal: Deal) -> None:
    headers = deal.headers["customer"] | {"Idempotency-Key": "once"}
    first, again = (client.post(URL, json=booking(deal), headers=headers) for _ in range(2))
    assert (first.status_code, first.data) == (201, again.data)
    other = client.post(URL, json=booking(deal, note="Other"), headers=headers)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert len(db.session.scalars(select(Order.id)).all()) == 1


@pytest.mark.parametrize(
    ("values", "code", "where"),
    [
        ({"starts_at": START.isoformat()}, "starts_in_past", "starts_at"),
        ({"starts_at": "2020-01-01T00:00:00Z"}, "starts_in_past", "starts_at"),
        ({"starts_at": "2027-05-04T09:00:01Z"}, "too_far_ahead", "starts_at"),
        ({"starts_at": "2099-12-31T23:59:59Z"}, "too_far_ahead", "starts_at"),
        ({"starts_at": "2026-05-05T09:00:00"}, "validation_failed", "starts_at"),
        ({"starts_at": None}, "validation_failed", "starts_at"),
        ({"service_id": 2**63}, "validation_failed", "service_id"),
        ({"service_id": "1"}, "validation_failed", "service_id"),
        ({"address": {}}, "validation_failed", "address"),
        ({"address": "Side Street 2"}, "validation_failed", "address"),
        ({"address": {"line1": "x", "country": "DE"}}, "validation_failed", "address"),
        ({"note": "x" * 2001}, "validation_failed", "note"),
        ({"note": "a\0b"}, "validation_failed", "note"),
        ({"status": "confirmed"}, "validation_failed", "status"),
        ({"customer_id": 1}, "validation_failed", "customer_id"),
        ({"price": {"amount": 1, "currency": "EUR"}}, "validation_failed", "price"),
    ],
)
def test_what_is_refused_stores_nothing(
    client: CheckedClient, deal: Deal, values: dict[str, Any], code: str, where: str
) -> None:
    answer = book(client, deal, **values)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert list(answer.json["errors"]["json"]) == [where]
    assert db.session.scalars(select(Order.id)).all() == []
    assert event_names() == []


def test_who_may_book(client: CheckedClient, deal: Deal) -> None:
    for role, code in [("anonymous", 401), ("unverified", 403), ("performer", 403), ("other_performer", 201)]:
        assert book(client, deal, role).status_code == code
    assert book(client, deal, "performer").json["code"] == "own_service"


def test_services_that_cannot_be_booked(client: CheckedClient, deal: Deal) -> None:
    gone = deal.make.service(deal.performer, deleted_at=START)
    off = deal.make.service(deal.performer, is_active=False)
    services = [gone.id, off.id, 2**62]
    hidden: list[dict[str, Any]] = [{"status": "pending"}, {"status": "suspended"}, {"active": False}]
    hidden.append({"user": deal.make.user(is_active=False)})
    services += [deal.make.service(deal.make.performer(**values)).id for values in hidden]
    for service_id in services:
        assert book(client, deal, service_id=service_id).status_code == 404


@pytest.mark.parametrize(
    ("status", "minutes", "code"),
    [
        ("confirmed", 0, 409),
        ("in_progress", 59, 409),
        ("confirmed", -59, 409),
        ("confirmed", 60, 201),
        ("confirmed", -60, 201),
        ("pending", 0, 201),
        ("cancelled", 0, 201),
        ("delivered", 0, 201),
    ],
)
def test_taken_times(client: CheckedClient, deal: Deal, status: str, minutes: int, code: int) -> None:
    other = deal.make.order(
        deal.make.user(), deal.service, status=status, starts_at=TOMORROW + timedelta(minutes=minutes)
    )
    answer = book(client, deal)
    assert other.customer_id != deal.customer.id
    assert answer.status_code == code
    assert code == 201 or answer.json["code"] == "slot_taken"


def test_the_database_itself_refuses_an_overlap(client: CheckedClient, deal: Deal) -> None:
    first, second = deal.order(starts_at=TOMORROW), deal.order(starts_at=TOMORROW + timedelta(minutes=30))
    assert post(client, deal, "performer", f"/orders/{first.id}/accept").status_code == 200
    answer = post(client, deal, "performer", f"/orders/{second.id}/accept")
    assert (answer.status_code, answer.json["code"]) == (409, "slot_taken")
    assert event_names() == ["order.accepted"]


# --- reading ----------------------------------------------------------------------------------------


def test_who_may_read(client: CheckedClient, deal: Deal) -> None:
    order = deal.order()
    codes = {
        "customer": 200,
        "performer": 200,
        "staff": 200,
        "moderator": 200,
        "stranger": 404,
        "other_performer": 404,
        "unverified": 403,
        "anonymous": 401,
    }
    for role, code in codes.items():
        for path in (f"{URL}/{order.id}", f"{URL}/{order.id}/history"):
            assert client.get(path, headers=deal.headers[role]).status_code == code, (role, path)
    assert client.get(f"{URL}/{2**62}", headers=deal.headers["staff"]).status_code == 404


def test_an_unchanged_order_is_not_sent_again(client: CheckedClient, deal: Deal) -> None:
    order = deal.order()
    headers = deal.headers["customer"]
    tag = client.get(f"{URL}/{order.id}", headers=headers).headers["ETag"]
    assert client.get(f"{URL}/{order.id}", headers=headers | {"If-None-Match": tag}).status_code == 304
    post(client, deal, "performer", f"/orders/{order.id}/accept")
    assert client.get(f"{URL}/{order.id}", headers=headers | {"If-None-Match": tag}).status_code == 200


def test_lists_hold_own_orders_newest_first(client: CheckedClient, deal: Deal) -> None:
    theirs = [deal.order(created_at=START + timedelta(seconds=n)).id for n in range(3)]
    booked = deal.make.order(deal.performer_user, created_at=START + timedelta(seconds=9)).id
    deal.make.order()

    def ids(role: str, query: str = "") -> list[int]:
        return [item["id"] for item in client.get(f"{URL}{query}", headers=deal.headers[role]).json["items"]]

    newest = theirs[::-1]
    assert ids("customer") == ids("customer", "?role=customer") == newest
    assert ids("customer", "?role=performer") == ids("stranger") == ids("staff") == []
    assert ids("performer") == [booked, *newest]
    assert ids("performer", "?role=performer") == newest
    assert ids("performer", "?role=customer") == [booked]
    post(client, deal, "performer", f"/orders/{theirs[0]}/accept")
    assert ids("customer", "?status=confirmed") == [theirs[0]]
    starts = [
        db.session.get_one(Order, order_id).starts_at.strftime("%Y-%m-%dT%H:%M:%SZ") for order_id in theirs
    ]
    assert ids("customer", f"?from={starts[1]}") == theirs[:0:-1]
    assert ids("customer", f"?from={starts[0]}&to={starts[1]}") == [theirs[0]]
    for bad in ("?role=staff", "?status=open", "?from=yesterday", "?page=2", "?limit=0"):
        assert client.get(f"{URL}{bad}", headers=deal.headers["customer"]).status_code == 422, bad


@pytest.mark.parametrize("path", [URL, "/api/v1/admin/orders"])
def test_lists_are_paged(client: CheckedClient, deal: Deal, path: str) -> None:
    made = [deal.order(created_at=START).id for _ in range(5)]
    headers = deal.headers["staff" if "admin" in path else "customer"]
    seen, page = [], client.get(f"{path}?limit=2", headers=headers).json
    first_cursor = page["next"]
    while True:
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        page = client.get(f"{path}?limit=2&after={page['next']}", headers=headers).json
    assert seen == made[::-1]
    for foreign in (f"?status=pending&after={first_cursor}", f"?after={first_cursor}x", "?after=1"):
        answer = client.get(f"{path}{foreign}", headers=headers)
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_cursor")


def test_cursors_are_of_their_caller(client: CheckedClient, deal: Deal) -> None:
    for _ in range(3):
        deal.order()
    cursor = client.get(f"{URL}?limit=1", headers=deal.headers["customer"]).json["next"]
    assert client.get(f"{URL}?after={cursor}", headers=deal.headers["performer"]).status_code == 400


def test_staff_lists_everybodys(client: CheckedClient, deal: Deal) -> None:
    mine, other = deal.order(), deal.make.order(status="cancelled")
    url = "/api/v1/admin/orders"
    found = client.get(url, headers=deal.headers["staff"]).json["items"]
    assert [item["id"] for item in found] == [other.id, mine.id]
    assert found[1]["allowed_transitions"] == ["cancel"]
    read = client.get(url, headers=deal.headers["moderator"]).json["items"]
    assert [item["allowed_transitions"] for item in read] == [[], []]
    (only,) = client.get(f"{url}?status=cancelled", headers=deal.headers["staff"]).json["items"]
    assert only["id"] == other.id
    assert client.get(url, headers=deal.headers["customer"]).status_code == 403
    assert client.get(url).status_code == 401


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_lists_cost_the_same_at_any_length(
    client: CheckedClient, deal: Deal, assert_queries: Any, rows: int
) -> None:
    order = None
    for _ in range(rows):
        order = deal.order()
    assert order is not None
    db.session.execute(
        OrderTransition.__table__.insert(),  # type: ignore[attr-defined]  # a declarative class has its table
        [
            {
                "order_id": order.id,
                "transition": "deliver",
                "to_status": "delivered",
                "actor_role": "performer",
            }
            for _ in range(rows)
        ],
    )
    for path, role, queries in [
        ("/orders", "customer", 2),
        ("/orders?role=performer", "performer", 2),
        ("/admin/orders", "staff", 2),
        (f"/orders/{order.id}/history", "customer", 3),
    ]:
        with assert_queries(queries):
            sep = "&" if "?" in path else "?"
            page = client.get(f"/api/v1{path}{sep}limit=100", headers=deal.headers[role]).json
        assert len(page["items"]) == rows


# --- another time -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["pending", "confirmed"])
@pytest.mark.parametrize(("one", "other"), [("customer", "performer"), ("performer", "customer")])
def test_both_agree_on_another_time(
    client: CheckedClient, deal: Deal, status: str, one: str, other: str
) -> None:
    order = deal.order(status, starts_at=TOMORROW)
    # Half an hour later: it overlaps with nothing but itself.
    new = TOMORROW + timedelta(minutes=30)
    proposed = reschedule(client, deal, one, order.id, new).json
    assert (proposed["starts_at"], proposed["proposed_starts_at"], proposed["proposed_by"]) == (
        "2026-05-05T09:00:00Z",
        "2026-05-05T09:30:00Z",
        one,
    )
    # Saying the same again is no agreement with oneself.
    assert reschedule(client, deal, one, order.id, new).json["starts_at"] == "2026-05-05T09:00:00Z"
    moved = reschedule(client, deal, other, order.id, new).json
    assert (moved["status"], moved["starts_at"], moved["ends_at"]) == (
        status,
        "2026-05-05T09:30:00Z",
        "2026-05-05T10:30:00Z",
    )
    assert (moved["proposed_starts_at"], moved["proposed_by"]) == (None, None)
    assert event_names() == ["order.reschedule_proposed"] * 2 + ["order.rescheduled"]


def test_a_counter_proposal_replaces(client: CheckedClient, deal: Deal) -> None:
    order = deal.order("confirmed", starts_at=TOMORROW)
    first, second = TOMORROW + timedelta(hours=5), TOMORROW + timedelta(hours=7)
    reschedule(client, deal, "customer", order.id, first)
    counter = reschedule(client, deal, "performer", order.id, second).json
    assert (counter["starts_at"], counter["proposed_by"]) == ("2026-05-05T09:00:00Z", "performer")
    assert reschedule(client, deal, "customer", order.id, second).json["starts_at"] == "2026-05-05T16:00:00Z"


def test_a_new_status_voids_the_proposal(client: CheckedClient, deal: Deal) -> None:
    order = deal.order(starts_at=TOMORROW)
    reschedule(client, deal, "customer", order.id, TOMORROW + timedelta(hours=5))
    accepted = post(client, deal, "performer", f"/orders/{order.id}/accept").json
    assert (accepted["proposed_starts_at"], accepted["starts_at"]) == (None, "2026-05-05T09:00:00Z")


def test_another_time_may_be_taken_or_wrong(client: CheckedClient, deal: Deal) -> None:
    order = deal.order("confirmed", starts_at=TOMORROW)
    later = TOMORROW + timedelta(hours=5)
    reschedule(client, deal, "customer", order.id, later)
    deal.order("confirmed", starts_at=later + timedelta(minutes=59))
    for role in ("customer", "performer"):
        answer = reschedule(client, deal, role, order.id, later)
        assert (answer.status_code, answer.json["code"]) == (409, "slot_taken")
    for starts_at, code in [(START, "starts_in_past"), (START + timedelta(days=366), "too_far_ahead")]:
        answer = reschedule(client, deal, "customer", order.id, starts_at)
        assert (answer.status_code, answer.json["code"]) == (422, code)
    assert db.session.execute(select(Order.starts_at).where(Order.id == order.id)).scalar_one() == TOMORROW


# --- the end of a dispute ---------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["completed", "cancelled"])
def test_both_agree_on_the_end(client: CheckedClient, deal: Deal, clock: FrozenClock, outcome: str) -> None:
    path = f"/orders/{deal.order('disputed').id}/resolve"
    clock.advance(timedelta(hours=1))
    deal.sign_in()
    other = "completed" if outcome == "cancelled" else "cancelled"
    first = post(client, deal, "customer", path, outcome=other).json
    assert (first["status"], first["resolution"], first["resolution_by"]) == ("disputed", other, "customer")
    counter = post(client, deal, "performer", path, outcome=outcome).json
    assert (counter["status"], counter["resolution"], counter["resolution_by"]) == (
        "disputed",
        outcome,
        "performer",
    )
    assert post(client, deal, "performer", path, outcome=outcome).json["status"] == "disputed"
    ended = post(client, deal, "customer", path, outcome=outcome).json
    assert (ended["status"], ended["resolution"]) == (outcome, None)
    assert ended["completed_at"] == ("2026-05-04T10:00:00Z" if outcome == "completed" else None)
    assert event_names() == ["order.resolution_proposed"] * 3 + ["order.resolved"]


def test_staff_decides(client: CheckedClient, deal: Deal) -> None:
    order = deal.order("disputed", decision_due_at=START)
    path = f"/admin/orders/{order.id}/resolve"
    body = {"outcome": "completed", "reason": "Photos show it"}
    assert post(client, deal, "customer", path, **body).status_code == 403
    assert post(client, deal, "staff", path, outcome="completed").status_code == 422
    assert post(client, deal, "staff", path, outcome="disputed", reason="x").status_code == 422
    assert post(client, deal, "staff", path, **body).json["status"] == "completed"
    assert post(client, deal, "staff", path, **body).json["code"] == "transition_not_allowed"
    assert post(client, deal, "staff", f"/admin/orders/{2**62}/resolve", **body).status_code == 404


def test_staff_does_not_decide_on_own_orders(client: CheckedClient, deal: Deal, auth: Any) -> None:
    staff = deal.make.staff("admin")
    order = deal.make.order(staff, deal.service, status="disputed")
    answer = client.post(
        f"/api/v1/admin/orders/{order.id}/resolve",
        json={"outcome": "cancelled", "reason": "Mine"},
        headers=auth(staff),
    )
    assert (answer.status_code, answer.json["code"]) == (403, "wrong_party")


# --- others -----------------------------------------------------------------------------------------


def test_both_parties_are_told(
    client: CheckedClient, deal: Deal, run_jobs: Callable[[], int], pushed: list[Any]
) -> None:
    order = deal.order()
    post(client, deal, "performer", f"/orders/{order.id}/accept")
    assert pushed == []
    run_jobs()
    payload = {"order_id": order.id, "status": "confirmed", "event": "order.accepted"}
    assert pushed == [
        (f"user:{user.id}", "order:updated", payload) for user in (deal.customer, deal.performer_user)
    ]


def test_the_door_for_other_domains(deal: Deal) -> None:
    order = deal.order("completed")
    ref = public.find_order(order.id)
    assert ref is not None
    assert (ref.status, ref.customer_id, ref.performer_id, ref.performer_user_id, ref.completed_at) == (
        "completed",
        deal.customer.id,
        deal.performer.id,
        deal.performer_user.id,
        START,
    )
    assert public.find_order(2**62) is None
