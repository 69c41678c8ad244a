"""Where one is signed in: listed, ended one by one, ended all at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import User
from marketplace.testing import CheckedClient, Factory
from tests.support.people import Person


def listed(person: Person) -> list[dict[str, Any]]:
    answer = person.call("GET", "/sessions")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def test_sessions_tell_device_address_and_last_use(
    person: Callable[..., Person], client: CheckedClient, clock: FrozenClock
) -> None:
    ann = person()
    other = client.post(
        "/api/v1/user/login",
        json={"login": "ann", "password": "Correct-Horse-7"},
        headers={"User-Agent": "Fridge/1.0 " + "x" * 300},
        environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
    ).json
    clock.advance(timedelta(minutes=5))
    ann.tokens = client.post(
        "/api/v1/user/token/refresh", json={"refresh_token": ann.tokens["refresh_token"]}
    ).json
    newer, own = listed(ann)
    assert (newer["ip"], newer["device"][:10], len(newer["device"])) == ("192.0.2.7", "Fridge/1.0", 255)
    assert (newer["current"], own["current"]) == (False, True)
    assert own["created_at"] < own["last_seen_at"] == "2026-05-04T09:05:00Z"
    assert "hash" not in str(own)
    assert other["refresh_token"] not in str(listed(ann))


def test_ending_one_session(person: Callable[..., Person], client: CheckedClient) -> None:
    ann = person()
    thief = ann.log_in().json
    theirs = next(session["id"] for session in listed(ann) if not session["current"])
    assert ann.call("DELETE", f"/sessions/{theirs}").status_code == 204
    headers = {"Authorization": f"Bearer {thief['access_token']}"}
    assert client.get("/api/v1/user/me", headers=headers).status_code == 401
    refreshed = client.post("/api/v1/user/token/refresh", json={"refresh_token": thief["refresh_token"]})
    assert refreshed.status_code == 401
    assert [session["current"] for session in listed(ann)] == [True]
    assert ann.call("DELETE", f"/sessions/{theirs}").status_code == 404


def test_sessions_of_others_are_not_there(person: Callable[..., Person]) -> None:
    ann, bob = person("ann"), person("bob")
    [bobs] = listed(bob)
    refused = ann.call("DELETE", f"/sessions/{bobs['id']}")
    absent = ann.call("DELETE", "/sessions/999999999")
    assert refused.status_code == absent.status_code == 404
    assert {**refused.json, "request_id": 0} == {**absent.json, "request_id": 0}
    assert listed(bob)


def test_signing_out_everywhere_else(person: Callable[..., Person]) -> None:
    ann = person()
    for _ in range(3):
        ann.log_in()
    assert len(listed(ann)) == 4
    assert ann.call("DELETE", "/sessions").status_code == 204
    assert [session["current"] for session in listed(ann)] == [True]


def test_ended_and_expired_sessions_are_not_listed(person: Callable[..., Person], clock: FrozenClock) -> None:
    ann = person()
    clock.advance(timedelta(days=30, seconds=1))
    ann.tokens = ann.log_in().json
    assert len(listed(ann)) == 1


@pytest.mark.parametrize("count", [1, 6, 100])
def test_the_list_costs_two_queries_at_any_length(
    client: CheckedClient,
    make: Factory,
    auth: Callable[[User], dict[str, str]],
    assert_queries: Callable[[int], Any],
    count: int,
) -> None:
    user = make.user()
    for _ in range(count):
        headers = auth(user)
    db.session.commit()
    with assert_queries(2):  # who is calling, and the page
        answer = client.get("/api/v1/user/sessions?limit=100", headers=headers)
    assert len(answer.json["items"]) == count


def test_pages_of_sessions(
    client: CheckedClient, make: Factory, auth: Callable[[User], dict[str, str]]
) -> None:
    user = make.user()
    for _ in range(5):
        headers = auth(user)
    seen, cursor = [], None
    while True:
        suffix = f"&after={cursor}" if cursor else ""
        page = client.get(f"/api/v1/user/sessions?limit=2{suffix}", headers=headers).json
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    stranger = client.get(f"/api/v1/user/sessions?after={page['previous']}", headers=auth(make.user()))
    assert (stranger.status_code, stranger.json["code"]) == (400, "invalid_cursor")
