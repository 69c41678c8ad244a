"""Answers that are given before Flask are Flask's, cost what Flask's cost, and fall when Flask's fall."""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response, make_response, request, request_started
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from marketplace.extensions import limiter
from marketplace.models import User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.caching import microcache, responses, topics
from marketplace.web.caching.microcache import LIFE_SECONDS, MAX_BYTES
from marketplace.web.caching.responses import cached
from marketplace.web.limits import counters
from marketplace.web.observability import logs
from marketplace.web.observability.answered import Answered
from marketplace.web.observability.logs import make_formatter
from marketplace.web.runtime import runtime
from tests.support.ticks import Ticks

PATH = "/api/v1/performers"
OWN_HEADERS = {"x-request-id", "ratelimit", "ratelimit-policy", "date"}

Auth = Callable[[User], dict[str, str]]


@pytest.fixture(autouse=True)
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    found = Ticks()
    for module in (microcache, counters):
        monkeypatch.setattr(module, "monotonic", found)
    return found


@pytest.fixture
def limited(context: object, ticks: Ticks) -> Iterator[None]:
    limiter.enabled = True
    limiter.reset()
    yield
    limiter.reset()
    limiter.enabled = False


@pytest.fixture
def came(app: Flask) -> Iterator[list[str]]:
    """The paths of the requests that came to Flask."""
    seen: list[str] = []

    def note(_sender: Flask, **_: object) -> None:
        seen.append(request.full_path)

    with request_started.connected_to(note):
        yield seen


def shared(answer: TestResponse) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in answer.headers if name.lower() not in OWN_HEADERS)


@pytest.mark.parametrize(
    "path",
    [
        PATH,
        "/api/v1/services",
        "/api/v1/categories",
        "/api/v1/cities",
        "/api/v1/banners",
        "/api/v2/performers",
    ],
)
def test_the_same_answer_without_flask(
    client: CheckedClient, came: list[str], limited: None, make: Factory, path: str
) -> None:
    make.performer()
    made, kept = client.get(path), client.get(path)
    assert len(came) == 1
    assert kept.status_code == made.status_code == 200
    assert kept.data == made.data
    assert shared(kept) == shared(made)
    assert kept.headers["X-Request-ID"] != made.headers["X-Request-ID"]
    assert kept.headers["RateLimit-Policy"] == made.headers["RateLimit-Policy"]
    left = [int(answer.headers["RateLimit"].split("r=")[1].split(";")[0]) for answer in (made, kept)]
    assert left[1] == left[0] - 1


def test_a_304_is_the_same_too(client: CheckedClient, came: list[str], limited: None) -> None:
    tag = client.get(PATH).headers["ETag"]
    for known, status in [(tag, 304), (f"W/{tag}", 304), (f'"x", {tag}', 304), ("*", 304), ('"old"', 200)]:
        came.clear()
        made, kept = (client.get(PATH, headers={"If-None-Match": known}) for _ in range(2))
        assert len(came) == 1
        assert kept.status_code == made.status_code == status
        assert kept.data == made.data
        assert shared(kept) == shared(made)


def test_budgets_are_spent_and_end(
    client: CheckedClient, came: list[str], limited: None, ticks: Ticks
) -> None:
    answers = [client.get(PATH) for _ in range(100)]
    assert {answer.status_code for answer in answers} == {200}
    assert len(came) == 1
    refused = client.get(PATH)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    # Another address has a budget of its own, and the same answer.
    elsewhere = client.get(PATH, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.data == answers[0].data
    assert "r=99" in elsewhere.headers["RateLimit"]
    assert len(came) == 2
    ticks.now += 60
    assert client.get(PATH).status_code == 200


def test_an_answer_ends_after_a_second(client: CheckedClient, came: list[str], ticks: Ticks) -> None:
    for _ in range(3):
        client.get(PATH)
    ticks.now += LIFE_SECONDS
    client.get(PATH)
    assert len(came) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"headers": {"Accept-Language": "es"}},
        {"headers": {"Origin": "https://shop.example"}},
        {"base_url": "https://localhost"},
        {"query_string": {"sort": "rating"}},
        {"query_string": {"limit": "5"}},
        {"path": "/api/v2/performers"},
        {"headers": {"Content-Length": "2", "Content-Type": "application/json"}, "data": b"{}"},
    ],
)
def test_what_makes_another_answer(client: CheckedClient, came: list[str], other: dict[str, Any]) -> None:
    client.get(PATH)
    client.get(**({"path": PATH} | other))
    assert len(came) == 2


def test_who_signs_in_is_answered_by_flask(
    client: CheckedClient, came: list[str], make: Factory, auth: Auth
) -> None:
    """It spends the user's budget; and a token that is not good is as none where it is as none there."""
    path = "/api/v1/categories"
    without = client.get(path)
    for headers in (auth(make.user()), {"Authorization": "Bearer forged"}):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.data) == (200, without.data)
        assert shared(answer) == shared(without)
    assert len(came) == 3
    client.get(PATH)
    assert client.get(PATH, headers=auth(make.user())).status_code == 200
    assert client.get(PATH, headers={"Authorization": "Bearer forged"}).status_code == 401
    assert len(came) == 6


@pytest.mark.parametrize("path", [f"{PATH}?limit=0", f"{PATH}/987654321", "/api/v1/absent"])
def test_refusals_are_made_each_time(client: CheckedClient, came: list[str], path: str) -> None:
    statuses = {client.get(path).status_code for _ in range(2)}
    assert len(came) == 2
    assert not statuses & {200, 304}


def test_methods_other_than_get(client: CheckedClient, came: list[str]) -> None:
    client.get(PATH)
    assert client.post(PATH, json={}).status_code in {401, 405}
    assert FlaskClient(client.application, client.application.response_class).head(PATH).data == b""
    assert len(came) == 3


def test_it_falls_with_its_topic(client: CheckedClient, came: list[str]) -> None:
    client.get(PATH)
    with client.application.app_context():
        topics.drop("performers")
    client.get(PATH)
    assert len(came) == 2


def test_it_falls_also_where_the_cache_fails(
    client: CheckedClient, came: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("away")

    client.get(PATH)
    with client.application.app_context(), monkeypatch.context() as patch:
        patch.setattr(responses.cache, "set", fail)
        with pytest.raises(ConnectionError):
            topics.drop("performers")
    client.get(PATH)
    assert len(came) == 2


# --- views of the test's -------------------------------------------------------------------------------


def layered(app: Flask, view: Callable[[], Response]) -> Flask:
    """A program whose `/things` is `view`, kept under the topic `things`."""
    small = Flask("small", static_folder=None)
    small.extensions = dict(app.extensions)
    small.add_url_rule("/things", view_func=cached("things", seconds=60)(view))
    microcache.init_app(small, app.extensions["marketplace"].settings)
    with small.app_context():
        topics.clear()
    return small


def test_what_was_read_before_a_change_is_not_kept(app: Flask) -> None:
    """The reader has read, the change is acknowledged, then the reader's answer goes out."""
    has_read, changed, value = threading.Event(), threading.Event(), ["old"]

    def view() -> Response:
        found = value[0]
        if found == "old":
            has_read.set()
            assert changed.wait(30)
        return make_response(found)

    small = layered(app, view)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(small.test_client().get, "/things")
        assert has_read.wait(30)
        value[0] = "new"
        with small.app_context():
            topics.drop("things")
        changed.set()
        assert reader.result(30).data == b"old"
    for _ in range(2):
        assert small.test_client().get("/things").data == b"new"


@pytest.mark.parametrize(("size", "calls"), [(MAX_BYTES, 1), (MAX_BYTES + 1, 2)])
def test_large_answers_are_left_to_flask(app: Flask, came: list[str], size: int, calls: int) -> None:
    small = layered(app, lambda: make_response(b"x" * size))
    for _ in range(2):
        assert len(small.test_client().get("/things").data) == size
    assert len(came) == calls


def test_there_is_room_for_so_many(app: Flask, ticks: Ticks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microcache, "MAX_ENTRIES", 3)
    small = layered(app, lambda: make_response("x"))
    state = small.extensions["marketplace_microcache"]
    for number in range(5):
        small.test_client().get(f"/things?n={number}")
        assert len(state.entries) == min(3, number + 1)
    ticks.now += LIFE_SECONDS
    small.test_client().get("/things?n=9")
    assert [key[2] for key in state.entries] == ["n=9"]


def test_an_answer_that_ends_by_itself_is_left_to_flask(app: Flask, came: list[str]) -> None:
    def view() -> Response:
        responses.keep_until(runtime().clock.now() + timedelta(seconds=30))
        return make_response("x")

    small = layered(app, view)
    for _ in range(2):
        assert small.test_client().get("/things").data == b"x"
    assert len(came) == 2


# --- what is written and counted -----------------------------------------------------------------------


def test_the_line_and_the_figures_are_as_of_others(
    client: CheckedClient, came: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logs.REQUESTS)
    before = metric(client)
    tag = client.get(PATH, headers={"X-Request-ID": "first-0001"}).headers["ETag"]
    client.get(PATH, headers={"X-Request-ID": "second-0002"})
    for number in ("third-0003", "fourth-0004"):
        client.get(PATH, headers={"X-Request-ID": number, "If-None-Match": tag})
    assert [path for path in came if PATH in path] == [f"{PATH}?"] * 2
    made, *kept = (line for line in written(caplog) if line["path"] == PATH)
    ids = ["first-0001", "second-0002", "third-0003", "fourth-0004"]
    assert [line["request_id"] for line in (made, *kept)] == ids
    assert [line["status"] for line in kept] == [200, 304, 304]
    for line in kept:
        own = {"request_id", "status", "duration_ms", "timestamp"}
        assert {key: line[key] for key in line.keys() - own} == {key: made[key] for key in made.keys() - own}
    after = metric(client)
    more = {name: after[name] - before.get(name, 0) for name in after}
    assert {name: count for name, count in more.items() if count} == {
        ("http_requests_total", "200"): 2,
        ("http_requests_total", "304"): 2,
        ("http_request_duration_seconds_count", "200"): 2,
        ("http_request_duration_seconds_count", "304"): 2,
    }


def test_whoever_observes_is_told_of_both_ways(
    app: Flask, client: CheckedClient, came: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Answered] = []
    observers = app.extensions["marketplace_answered"]
    monkeypatch.setitem(app.extensions, "marketplace_answered", [*observers, told.append])
    for _ in range(2):
        client.get(PATH, environ_base={"REMOTE_ADDR": "192.0.2.8"})
    made, kept = told
    assert len(came) == 1
    for name in ("route", "action", "status", "user_id", "trace_id"):
        assert getattr(kept, name) == getattr(made, name)
    assert (made.route, made.status) == (PATH, 200)
    assert {answered.environ["REMOTE_ADDR"] for answered in told} == {"192.0.2.8"}


def test_both_ways_count_in_the_same_windows(
    app: Flask, client: CheckedClient, came: list[str], limited: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same keys, with the same seconds."""
    hits: list[tuple[str, int]] = []
    counters = app.extensions["marketplace_limits"].counters
    hit = counters.hit

    def note(key: str, seconds: int, amount: int = 1) -> Any:
        hits.append((key, seconds))
        return hit(key, seconds, amount)

    monkeypatch.setattr(counters, "hit", note)
    client.get(PATH)
    made = list(hits)
    hits.clear()
    client.get(PATH)
    assert len(came) == 1
    assert hits == made != []


def written(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    formatter = make_formatter("json")
    return [json.loads(formatter.format(record)) for record in caplog.records if record.name == logs.REQUESTS]


def metric(client: CheckedClient) -> dict[tuple[str, str], float]:
    """What is counted of the list so far, by name and status."""
    form = re.compile(r'(\w+_(?:total|count))\{method="GET",route="([^"]+)",status="(\d+)"\} (\S+)')
    found = (form.fullmatch(line) for line in client.get("/metrics").text.splitlines())
    return {(one[1], one[3]): float(one[4]) for one in found if one and one[2] == PATH}
