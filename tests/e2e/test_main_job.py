"""The main job from end to end, over HTTP and Socket.IO, as strangers' clients do it."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any

import pytest
import requests

from tests.e2e.conftest import Running
from tests.support.sockets import SocketClient
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

PASSWORD = "Correct-Horse-7"


class Story:
    """What the steps below tell each other."""

    admin: str
    customer: str
    performer: str
    customer_refresh: str
    customer_id: int
    performer_id: int
    category_id: int
    city_id: int
    service_id: int
    order_id: int
    chat_id: int


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


def sign_up(server: Running, name: str) -> dict[str, Any]:
    body = {
        "username": name,
        "email": f"{name}@example.org",
        "password": PASSWORD,
        "first_name": name.title(),
        "last_name": "Example",
    }
    answer = server.api("POST", "/user/sign-up", json=body)
    assert answer.status_code == 201, answer.text
    token = server.mail_to(body["email"])["data"]["token"]
    assert server.api("POST", "/user/email/verify", json={"token": token}).status_code == 204
    found: dict[str, Any] = answer.json()
    return found


def test_01_health_documents_and_metrics(server: Running) -> None:
    assert requests.get(f"{server.base}/health", timeout=5).json() == {"status": "ok"}
    assert requests.get(f"{server.base}/health/ready", timeout=5).json()["status"] == "ready"
    assert "http_request_duration_seconds" in requests.get(f"{server.base}/metrics", timeout=5).text
    assert "swagger-ui" in requests.get(f"{server.base}/api/docs", timeout=5).text
    for version in ("v1", "v2"):
        document = requests.get(f"{server.base}/api/{version}/openapi.json", timeout=5).json()
        assert document["openapi"].startswith("3.1")
        assert f"/api/{version}/orders" in document["paths"]


def test_02_an_admin_by_command(server: Running, story: Story) -> None:
    server.flask(
        "accounts",
        "create-admin",
        "--username",
        "root1",
        "--email",
        "root1@example.org",
        "--password",
        PASSWORD,
    )
    answer = server.api("POST", "/user/login", json={"login": "root1", "password": PASSWORD})
    assert answer.status_code == 200
    story.admin = answer.json()["access_token"]


def test_03_sign_up_log_in_refresh_log_out(server: Running, story: Story) -> None:
    signed_up = sign_up(server, "carla")
    story.customer_id = signed_up["user"]["id"]
    story.customer = signed_up["tokens"]["access_token"]
    refreshed = server.api(
        "POST", "/user/token/refresh", json={"refresh_token": signed_up["tokens"]["refresh_token"]}
    )
    assert refreshed.status_code == 200
    other = server.api(
        "POST", "/user/login", json={"login": "carla@example.org", "password": PASSWORD}
    ).json()
    assert server.api("POST", "/user/logout", token=other["access_token"]).status_code == 204
    assert server.api("GET", "/user/me", token=other["access_token"]).status_code == 401
    me = server.api("GET", "/user/me", token=story.customer)
    assert me.json()["email_verified"] is True
    changed = server.api(
        "PATCH",
        "/user/me",
        token=story.customer,
        json={"first_name": "Carlotta"},
        headers={"If-Match": me.headers["ETag"]},
    )
    assert changed.json()["first_name"] == "Carlotta"


def test_04_cities_and_categories(server: Running, story: Story) -> None:
    cities = server.api("GET", "/cities", params={"q": "münchen"}).json()["items"]
    assert cities[0]["name"] == "Munich"
    story.city_id = cities[0]["id"]
    tree = server.api("GET", "/categories", headers={"Accept-Language": "ar"}).json()["items"]
    leaf = next(leaf for branch in tree for leaf in branch["children"] if leaf["slug"] == "electrician")
    assert leaf["name"] == "كهربائي"
    story.category_id = leaf["id"]


def test_05_become_a_performer(server: Running, story: Story) -> None:
    story.performer = sign_up(server, "pavel")["tokens"]["access_token"]
    form = {
        "city_id": str(story.city_id),
        "headline": "Electrician since 2001",
        "about": "Everything with a plug",
        "category_ids": json.dumps([story.category_id]),
        "timezone": "Europe/Berlin",
        "address": "{not json",
    }
    bad = server.api(
        "POST", "/performers", token=story.performer, files={k: (None, v) for k, v in form.items()}
    )
    assert bad.status_code == 400
    assert bad.json()["code"] == "invalid_json"
    assert "address" in json.dumps(bad.json())
    form["address"] = json.dumps({"line1": "Marienplatz 1"})
    made = server.api(
        "POST", "/performers", token=story.performer, files={k: (None, v) for k, v in form.items()}
    )
    assert made.status_code == 201, made.text
    assert made.json()["status"] == "pending"
    story.performer_id = made.json()["id"]
    found = server.api("GET", "/performers", params={"city_id": story.city_id}).json()["items"]
    assert found == []


def test_06_staff_approves_in_bulk(server: Running, story: Story) -> None:
    answer = server.api(
        "POST",
        "/admin/performers/status",
        token=story.admin,
        json={"ids": [story.performer_id, 10**9], "status": "approved", "reason": "Papers seen"},
    )
    assert answer.json()["results"] == [
        {"id": story.performer_id, "ok": True},
        {"id": 10**9, "ok": False, "code": "not_found"},
    ]


def test_07_services_and_the_public_list(server: Running, story: Story) -> None:
    for title in ("Install a lamp", "Repair a socket"):
        made = server.api(
            "POST",
            "/services",
            token=story.performer,
            json={
                "category_id": story.category_id,
                "title": title,
                "description": "With all that is needed",
                "pricing": "fixed",
                "price": {"amount": 6500, "currency": "EUR"},
                "duration_minutes": 60,
                "is_active": True,
            },
        )
        assert made.status_code == 201, made.text
    story.service_id = made.json()["id"]
    # Round the clock, so that the story can be told at any time.
    weekly = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(7)]
    set_ = server.api(
        "PUT",
        "/performers/me/schedule",
        token=story.performer,
        json={"weekly": weekly},
        headers={"If-Match": "*"},
    )
    assert set_.status_code == 200, set_.text
    for filters in ({"city_id": story.city_id}, {"category_id": story.category_id}, {"q": "electric"}):
        found = server.api("GET", "/performers", params=filters).json()["items"]
        assert [item["id"] for item in found] == [story.performer_id], filters
    first = server.api("GET", "/services", params={"limit": 1}).json()
    second = server.api("GET", "/services", params={"limit": 1, "after": first["next"]}).json()
    assert first["items"] != second["items"]
    assert second["next"] is None
    profile = server.api("GET", f"/performers/{story.performer_id}").json()
    assert profile["user"] == {
        "id": profile["user"]["id"], "first_name": "Pavel", "last_name": "E", "avatar_url": None
    }  # fmt: skip


def move(server: Running, token: str, order_id: int, step: str, **body: str) -> requests.Response:
    return server.api("POST", f"/orders/{order_id}/{step}", token=token, json=body)


def test_08_an_order_through_its_life(server: Running, story: Story) -> None:
    booking = {
        "service_id": story.service_id,
        # So soon that it can be started already.
        "starts_at": (datetime.now(UTC) + timedelta(minutes=90)).isoformat(),
        "address": {"line1": "Leopoldstraße 5"},
    }
    key = {"Idempotency-Key": uuid.uuid4().hex}
    made = server.api("POST", "/orders", token=story.customer, json=booking, headers=key)
    again = server.api("POST", "/orders", token=story.customer, json=booking, headers=key)
    assert made.status_code == again.status_code == 201, made.text
    assert made.content == again.content
    story.order_id = made.json()["id"]
    assert move(server, story.customer, story.order_id, "accept").status_code == 403
    assert move(server, story.performer, story.order_id, "deliver").json()["code"] == "transition_not_allowed"
    steps = [("accept", "confirmed"), ("start", "in_progress"), ("deliver", "delivered")]
    for step, status in steps:
        assert move(server, story.performer, story.order_id, step).json()["status"] == status
    asked = move(server, story.customer, story.order_id, "request-changes", reason="The lamp is crooked")
    assert asked.json()["status"] == "changes_requested"
    assert move(server, story.performer, story.order_id, "deliver").json()["status"] == "delivered"
    done = move(server, story.customer, story.order_id, "complete")
    assert done.json()["status"] == "completed"
    assert done.json()["allowed_transitions"] == []
    history = server.api("GET", f"/orders/{story.order_id}/history", token=story.customer).json()["items"]
    assert [entry["transition"] for entry in history] == [
        "create", "accept", "start", "deliver", "request_changes", "deliver", "complete"
    ]  # fmt: skip


def test_09_reviews_are_double_blind(server: Running, story: Story) -> None:
    path = f"/orders/{story.order_id}/review"
    written = server.api("POST", path, token=story.customer, json={"rating": 5, "text": "Very good"})
    assert written.status_code == 201, written.text
    assert server.api("GET", f"/performers/{story.performer_id}/reviews").json()["items"] == []
    assert server.api("POST", path, token=story.customer, json={"rating": 1}).status_code == 409
    assert server.api("POST", path, token=story.performer, json={"rating": 4}).status_code == 201
    # Kept answers are dropped by the worker, after the commit.
    shown = eventually(lambda: server.api("GET", f"/performers/{story.performer_id}/reviews").json()["items"])
    assert [(item["rating"], item["author"]["last_name"]) for item in shown] == [(5, "E")]


def connect(server: Running, token: str, inbox: "Queue[tuple[str, Any]]") -> SocketClient:
    client = SocketClient(reconnection=False)
    for name in ("message:new", "receipt", "order:updated"):
        client.on(name, lambda data, name=name: inbox.put((name, data)), namespace="/chat")
    client.connect(server.base, auth={"token": token}, namespaces=["/chat"], wait_timeout=10)
    return client


def take(inbox: "Queue[tuple[str, Any]]", name: str) -> Any:
    while True:
        found, data = inbox.get(timeout=10)
        if found == name:
            return data


def test_10_chat_over_rest_and_sockets(server: Running, story: Story) -> None:
    opened = server.api("POST", "/chats", token=story.customer, json={"order_id": story.order_id})
    assert opened.status_code == 201, opened.text
    story.chat_id = opened.json()["id"]
    inbox: Queue[tuple[str, Any]] = Queue()
    other: Queue[tuple[str, Any]] = Queue()
    performer = connect(server, story.performer, inbox)
    customer = connect(server, story.customer, other)
    try:
        message = {"chat_id": story.chat_id, "client_id": str(uuid.uuid4()), "text": "When do you come?"}
        ack = customer.call("message:send", message, namespace="/chat", timeout=10)
        assert (ack["seq"], ack["duplicate"]) == (1, False)
        assert customer.call("message:send", message, namespace="/chat", timeout=10) == {
            "id": ack["id"], "seq": 1, "duplicate": True
        }  # fmt: skip
        assert take(inbox, "message:new")["text"] == "When do you come?"
        refused = customer.call("message:send", {"chat_id": story.chat_id}, namespace="/chat", timeout=10)
        assert refused["error"]["code"] == "validation_failed"
        performer.disconnect()
        for number in (2, 3):
            sent = server.api(
                "POST",
                f"/chats/{story.chat_id}/messages",
                token=story.customer,
                json={"client_id": str(uuid.uuid4()), "text": f"Message {number}"},
            )
            assert sent.json()["seq"] == number
        performer = connect(server, story.performer, inbox)
        missed = performer.call("sync", {"chats": {str(story.chat_id): 1}}, namespace="/chat", timeout=10)
        assert "Message 2" in json.dumps(missed)
        assert "Message 3" in json.dumps(missed)
    finally:
        customer.disconnect()
        performer.disconnect()
    listed = server.api("GET", "/chats", token=story.performer).json()["items"][0]
    assert listed["unread_count"] == 3
    read = server.api("POST", f"/chats/{story.chat_id}/read", token=story.performer, json={"up_to_seq": 3})
    assert read.status_code in {200, 204}
    assert server.api("GET", "/chats", token=story.performer).json()["items"][0]["unread_count"] == 0


def test_11_an_edit_becomes_a_change_request(server: Running, story: Story) -> None:
    own = server.api("GET", "/performers/me", token=story.performer)
    edit = server.api(
        "PATCH",
        "/performers/me",
        token=story.performer,
        json={"headline": "Master electrician"},
        headers={"If-Match": own.headers["ETag"]},
    )
    assert edit.status_code == 200, edit.text
    assert edit.json()["headline"] == "Electrician since 2001"
    pending = edit.json()["pending_changes"]
    assert [change["field_name"] for change in pending] == ["headline"]
    queue = server.api("GET", "/admin/changes", token=story.admin, params={"status": "pending"}).json()[
        "items"
    ]
    assert [change["new_value"] for change in queue] == ["Master electrician"]
    approved = server.api("POST", f"/admin/changes/{queue[0]['id']}/approve", token=story.admin)
    assert approved.json()["status"] == "approved"
    eventually(
        lambda: (
            server.api("GET", f"/performers/{story.performer_id}").json()["headline"] == "Master electrician"
        )
    )


def test_12_the_audit_log_and_the_jobs(server: Running, story: Story) -> None:
    log = server.api("GET", "/admin/audit", token=story.admin).json()["items"]
    actions = [entry["action"] for entry in log]
    assert "change.approved" in actions
    assert any(action.startswith("performer") for action in actions)
    assert all(entry["request_id"] and entry["ip"] == "127.0.0.1" for entry in log)
    assert server.api("GET", "/admin/audit", token=story.customer).status_code == 403
    assert (
        server.api("GET", "/admin/jobs", token=story.admin, params={"status": "dead"}).json()["items"] == []
    )


def test_13_every_log_line_can_be_parsed_and_holds_no_secret(server: Running, story: Story) -> None:
    text = server.log.read_text()
    lines = [line for line in text.splitlines() if line.startswith("{")]
    assert len(lines) > 50
    for line in lines:
        assert json.loads(line)["level"]
    assert PASSWORD not in text.split("Stop with Ctrl-C.")[1]
    assert story.customer not in text


def test_14_ctrl_c_leaves_nothing_behind(server: Running) -> None:
    assert server.stop() == 0
