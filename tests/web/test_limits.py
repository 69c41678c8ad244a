"""Limits: whose budget is spent, what is told of it, and where it is counted when Redis is away."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import TestResponse

from marketplace.config import PROJECT_ROOT, Settings
from marketplace.extensions import limiter
from marketplace.models import User
from marketplace.testing import CheckedClient, Factory
from marketplace.web import access, problems
from marketplace.web.access import public
from marketplace.web.limits import budgets, counters
from marketplace.web.limits.budgets import Counting
from marketplace.web.limits.callers import address_key
from marketplace.web.limits.counters import PAUSE_SECONDS, TIMEOUT_SECONDS, LocalCounters, RedisCounters
from marketplace.web.limits.markers import limit
from tests.support.redis import RedisProcess, needs_redis
from tests.support.ticks import Ticks
from tests.support.waiting import eventually

Auth = Callable[[User], dict[str, str]]
LOGIN = ("/api/v1/user/login", {"login": "nobody", "password": "Wrong-Horse-8"})
SIGN_UP: tuple[str, dict[str, str]] = ("/api/v1/user/sign-up", {})

# --- a reader of structured fields, as strict as RFC 9651, 4.2 ----------------------------------------

_MEMBER = re.compile(
    r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"((?:; *[a-z*][a-z0-9_.*-]*=-?[0-9]{1,15})*)'
)


def parse(field: str) -> dict[str, dict[str, int]]:
    """A list of strings with integers for parameters; fails on anything else, and on a name twice."""
    found: dict[str, dict[str, int]] = {}
    at = 0
    while True:
        member = _MEMBER.match(field, at)
        assert member, f"no structured field: {field!r} at {at}"
        assert member[1] not in found, f"{member[1]} twice"
        pairs = [pair.strip().split("=") for pair in member[2].split(";")[1:]]
        assert len({name for name, _ in pairs}) == len(pairs)
        found[member[1]] = {name: int(value) for name, value in pairs}
        at = member.end()
        if at == len(field):
            return found
        comma = re.compile(r"[ \t]*,[ \t]*").match(field, at)
        assert comma, f"no structured field: {field!r} at {at}"
        at = comma.end()


@pytest.mark.parametrize(
    "field",
    ["", "5;q=1", '"a";q=1,', '"a";q=1.5', '"a";Q=1', '"a";q', '"a" "b"', '"é";q=1', '"a";q=1, "a";q=2'],
)
def test_the_reader_is_strict(field: str) -> None:
    with pytest.raises(AssertionError):
        parse(field)


def told(answer: TestResponse) -> dict[str, tuple[int, int, int, int]]:
    """Each budget's figures: quota, window, what remains, seconds to the reset."""
    policies, states = parse(answer.headers["RateLimit-Policy"]), parse(answer.headers["RateLimit"])
    assert list(policies) == list(states)
    assert all(set(policy) == {"q", "w"} for policy in policies.values())
    assert all(set(state) == {"r", "t"} for state in states.values())
    return {
        name: (policy["q"], policy["w"], states[name]["r"], states[name]["t"])
        for name, policy in policies.items()
    }


def check_refusal(answer: TestResponse, seconds: int) -> None:
    assert answer.status_code == 429
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert (answer.json["status"], answer.json["code"]) == (429, "too_many_requests")
    assert answer.json["detail"] == f"Wait {seconds} s before you try again"
    assert answer.headers["Retry-After"] == str(seconds)
    assert answer.headers["Cache-Control"] == "no-store"


# --- the whole program, counting in memory ------------------------------------------------------------


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    found = Ticks()
    monkeypatch.setattr(counters, "monotonic", found)
    return found


@pytest.fixture
def limited(context: object, ticks: Ticks) -> Iterator[None]:
    """Limits on, counters empty."""
    limiter.enabled = True
    limiter.reset()
    yield
    limiter.reset()
    limiter.enabled = False


@pytest.mark.parametrize(("route", "amount", "status"), [(LOGIN, 5, 401), (SIGN_UP, 3, 422)])
def test_the_figures_of_log_in_and_sign_up(
    client: CheckedClient,
    limited: None,
    ticks: Ticks,
    route: tuple[str, dict[str, str]],
    amount: int,
    status: int,
) -> None:
    path, body = route
    name = f"{amount}-per-60s"
    for number in range(amount):
        answer = client.post(path, json=body)
        assert answer.status_code == status
        assert "Retry-After" not in answer.headers
        left = amount - number - 1
        assert told(answer) == {name: (amount, 60, left, 60), "100-per-60s": (100, 60, 99 - number, 60)}
    ticks.now += 12.5
    answer = client.post(path, json=body)
    check_refusal(answer, 48)
    assert told(answer)[name] == (amount, 60, 0, 48)
    # What is refused does not put the end off.
    ticks.now += 47.4
    check_refusal(client.post(path, json=body), 1)
    ticks.now += 0.1
    answer = client.post(path, json=body)
    assert answer.status_code == status
    assert told(answer)[name] == (amount, 60, amount - 1, 60)


def test_the_default_is_one_budget_for_all_routes(client: CheckedClient, limited: None, ticks: Ticks) -> None:
    paths = ("/api/v1/categories", "/api/v2/categories", "/api/v1/banners", "/api/v1/user/me", "/nowhere")
    for number in range(100):
        answer = client.get(paths[number % len(paths)])
        assert told(answer) == {"100-per-60s": (100, 60, 99 - number, 60)}
    for path in paths:
        check_refusal(client.get(path), 60)
    assert client.get("/health").status_code == 200
    ticks.now += 60
    assert client.get("/api/v1/categories").status_code == 200


def test_no_window_is_longer_than_its_policy_says(client: CheckedClient, limited: None, ticks: Ticks) -> None:
    """`t` counts up to `w`, also where 60 seconds later is 60.00000000000001 seconds away."""
    ticks.now = next(now for now in (number / 10 for number in range(10_000, 20_000)) if now + 60 - now > 60)
    assert told(client.get("/api/v1/categories"))["100-per-60s"] == (100, 60, 99, 60)


@pytest.fixture
def unchecked(app: Flask) -> FlaskClient:
    """A client for what the document does not speak of."""
    return FlaskClient(app, app.response_class)


def test_who_guesses_addresses_and_tokens_is_limited(unchecked: FlaskClient, limited: None) -> None:
    client = unchecked
    bad = {"Authorization": "Bearer guessed"}
    tries: list[tuple[Callable[[], TestResponse], int]] = [
        (lambda: client.get("/.env"), 404),
        (lambda: client.get("/api/v1/nowhere"), 404),
        (lambda: client.post("/api/v1/categories"), 405),
        (lambda: client.get("/api/v1/user/me"), 401),
        (lambda: client.get("/api/v1/user/me", headers=bad), 401),
        (lambda: client.get("/api/v1/services/1", headers=bad), 401),
        # A call that needs nobody takes no notice of the token.
        (lambda: client.get("/api/v1/categories", headers=bad), 200),
        (lambda: client.post(f"{LOGIN[0]}?x=1", json=LOGIN[1]), 422),
        (lambda: client.options("/api/v1/categories"), 200),
        (lambda: client.options("/.env", headers={"Access-Control-Request-Method": "GET"}), 404),
    ]
    for attempt, status in tries:
        limiter.reset()
        for number in range(100):
            answer = attempt()
            assert answer.status_code == status
            assert told(answer) == {"100-per-60s": (100, 60, 99 - number, 60)}
        check_refusal(attempt(), 60)


def test_addresses_that_lead_nowhere_share_one_budget(unchecked: FlaskClient, limited: None) -> None:
    """Who tries many is the one to slow down."""
    codes = [unchecked.get(f"/guess/{number}").status_code for number in range(101)]
    assert codes == [404] * 100 + [429]


def test_a_preflight_costs_nothing(unchecked: FlaskClient, limited: None) -> None:
    """Browsers send it without the user's token: a page's visitors would spend their office's budget."""
    client = unchecked
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    answer = client.options("/api/v1/categories", headers=headers)
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers
    assert told(client.get("/api/v1/categories"))["100-per-60s"][2] == 99


def test_probes_and_scrapes_cost_nothing(committed: Flask, ticks: Ticks) -> None:
    """One a second, and far more, also from an address that has no budget left."""
    limiter.enabled = True
    client = committed.test_client()
    paths = ("/health", "/health/ready", "/metrics")
    for path in paths * 101:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers
    with committed.app_context():
        limiter.reset()
    assert [client.get("/nowhere").status_code for _ in range(101)] == [404] * 100 + [429]
    assert {client.get(path).status_code for path in paths} == {200}
    with committed.app_context():
        limiter.reset()


def test_callers_have_budgets_of_their_own(
    client: CheckedClient, make: Factory, auth: Auth, limited: None
) -> None:
    ann, bob = (auth(make.user()) for _ in range(2))

    def left(headers: dict[str, str], address: str) -> int:
        answer = client.get("/api/v1/user/me", headers=headers, environ_base={"REMOTE_ADDR": address})
        return told(answer)["100-per-60s"][2]

    assert [left(ann, "192.0.2.1") for _ in range(3)] == [99, 98, 97]
    assert left(bob, "192.0.2.1") == 99
    assert left({}, "192.0.2.1") == 99
    assert left({}, "192.0.2.2") == 99
    assert left(ann, "192.0.2.2") == 96
    for _ in range(100):
        left(bob, "192.0.2.1")
    assert client.get("/api/v1/user/me", headers=bob).status_code == 429
    assert left(ann, "192.0.2.1") == 95


def test_log_in_is_one_budget_in_all_versions(client: CheckedClient, limited: None) -> None:
    paths = [LOGIN[0].replace("v1", version) for version in ("v1", "v2")] * 3
    assert [client.post(path, json=LOGIN[1]).status_code for path in paths] == [401] * 5 + [429]


def test_log_in_and_sign_up_are_two_budgets(client: CheckedClient, limited: None) -> None:
    for _ in range(6):
        client.post(LOGIN[0], json=LOGIN[1])
    assert told(client.post(SIGN_UP[0], json={}))["3-per-60s"][2] == 2


# --- whose address it is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "ip:192.0.2.7"),
        ("::ffff:192.0.2.7", "ip:192.0.2.7"),
        ("::FFFF:C000:207", "ip:192.0.2.7"),
        ("192.0.2.7:50123", "ip:192.0.2.7"),
        ("2001:db8:1:2::1", "ip:2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "ip:2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "ip:2001:db8:1:3::/64"),
        ("[2001:db8:1:2::1]", "ip:2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:443", "ip:2001:db8:1:2::/64"),
        ("fe80::1%eth0", "ip:fe80::/64"),
        ("::1", "ip:::/64"),
        ("", "ip:unknown"),
        ("unknown", "ip:unknown"),
        ("192.0.2.7.8", "ip:unknown"),
        ("[192.0.2", "ip:unknown"),
        ("\u0661.2.3.4", "ip:unknown"),
    ],
)
def test_the_key_of_an_address(address: str, key: str) -> None:
    with Flask("bare").test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert address_key() == key


def test_without_an_address_all_share_one_budget() -> None:
    with Flask("bare").test_request_context() as context:
        context.request.remote_addr = None
        assert address_key() == "ip:unknown"


def test_neighbours_in_one_subnet_of_ipv6_share_a_budget(client: CheckedClient, limited: None) -> None:
    def log_in(address: str) -> int:
        return client.post(LOGIN[0], json=LOGIN[1], environ_base={"REMOTE_ADDR": address}).status_code

    assert [log_in(f"2001:db8:1:2::{n:x}") for n in range(10, 16)] == [401] * 5 + [429]
    assert log_in("2001:db8:1:3::10") == 401
    assert [log_in(f"192.0.2.{n}") for n in range(10)] == [401] * 10
    assert [log_in(address) for address in ("198.51.100.1", "::ffff:198.51.100.1") * 3] == [401] * 5 + [429]


FORGED = [
    {"X-Forwarded-For": "6.6.6.{n}"},
    {"X-Forwarded-For": "6.6.6.{n}, 7.7.7.{n}"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Real-IP": "6.6.6.{n}"},
    {"Forwarded": "for=6.6.6.{n}"},
    {"X-Client-IP": "6.6.6.{n}", "True-Client-IP": "6.6.6.{n}", "CF-Connecting-IP": "6.6.6.{n}"},
]


def forged(headers: dict[str, str], number: int) -> dict[str, str]:
    return {name: value.replace("{n}", str(number)) for name, value in headers.items()}


@pytest.mark.parametrize("headers", FORGED)
def test_a_forged_address_changes_nothing(
    client: CheckedClient, limited: None, headers: dict[str, str]
) -> None:
    """As the program is by default: with no proxy before it."""
    codes = [client.post(LOGIN[0], json=LOGIN[1], headers=forged(headers, n)).status_code for n in range(6)]
    assert codes == [401] * 5 + [429]


# --- small apps: other settings, and Redis ------------------------------------------------------------


@public
@limit("3/minute")
def guarded() -> str:
    return "ok"


@public
def plain() -> str:
    return "ok"


@public
@limit("7/minute", key=lambda: "the same for all")
def like_the_default() -> str:
    return "ok"


def small_app(**values: Any) -> Flask:
    """The parts of the program that limits need, in the order of create_app."""
    settings = Settings(secret_key="x" * 40, instance_path=Path("instance"), testing=True, **values)
    app = Flask("small", static_folder=None)
    app.before_request(access.read_token)
    budgets.init_app(app, settings)
    problems.init_app(app)
    for view in (guarded, plain, like_the_default):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
    hops = settings.proxy_hops
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]  # as create_app
    limiter.enabled = True
    return app


@pytest.fixture(autouse=True)
def _limits_as_they_were() -> Iterator[None]:
    enabled = limiter.enabled
    yield
    limiter.enabled = enabled


def codes(app: Flask, path: str, count: int, **headers: str) -> list[int]:
    client = app.test_client()
    return [client.get(path, headers=headers).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("rate", "name", "amount", "seconds"),
    [
        ("7/second", "7-per-1s", 7, 1),
        ("7/minute", "7-per-60s", 7, 60),
        ("2/hour", "2-per-3600s", 2, 3600),
        ("1/day", "1-per-86400s", 1, 86400),
    ],
)
def test_the_default_is_what_the_setting_says(
    ticks: Ticks, rate: str, name: str, amount: int, seconds: int
) -> None:
    app = small_app(rate_limit_default=rate)
    client = app.test_client()
    for number in range(amount):
        assert told(client.get("/plain")) == {name: (amount, seconds, amount - number - 1, seconds)}
    check_refusal(client.get("/plain"), seconds)
    # The route's own budget is not spent by what the default refuses.
    ticks.now += seconds
    assert told(client.get("/guarded"))["3-per-60s"][2] == 2


def test_two_budgets_of_one_size_have_two_names() -> None:
    answer = small_app(rate_limit_default="7/minute").test_client().get("/like_the_default")
    assert list(told(answer)) == ["7-per-60s", "7-per-60s-2"]


def test_a_budget_beyond_what_a_field_can_say() -> None:
    answer = small_app(rate_limit_default=f"{10**20}/day").test_client().get("/plain")
    ((amount, _, left, _),) = told(answer).values()
    assert (amount, left) == (999_999_999_999_999, 999_999_999_999_999)


def test_no_limits_by_setting() -> None:
    limited, free = small_app(), small_app(rate_limit_enabled=False)
    assert codes(free, "/guarded", 10) == [200] * 10
    answer = free.test_client().get("/guarded")
    assert not {"RateLimit", "RateLimit-Policy"} & set(answer.headers.keys())
    # The other app of this process is none the freer.
    assert codes(limited, "/guarded", 4) == [200] * 3 + [429]


@pytest.mark.parametrize("headers", FORGED)
def test_behind_one_proxy_its_word_alone_counts(headers: dict[str, str]) -> None:
    client = small_app(proxy_hops=1).test_client()

    def call(number: int, address: str) -> int:
        sent = forged(headers, number)
        sent["X-Forwarded-For"] = f"{sent.get('X-Forwarded-For', '9.9.9.9')}, {address}"
        return client.get("/guarded", headers=sent).status_code

    assert [call(n, "192.0.2.1") for n in range(4)] == [200] * 3 + [429]
    assert call(4, "192.0.2.2") == 200


def test_behind_two_proxies_the_last_but_one_counts() -> None:
    client = small_app(proxy_hops=2).test_client()

    def call(chain: str) -> int:
        return client.get("/guarded", headers={"X-Forwarded-For": chain}).status_code

    assert [call(f"6.6.6.{n}, 192.0.2.1, 10.0.0.{n}") for n in range(4)] == [200] * 3 + [429]
    assert call("6.6.6.6, 192.0.2.2, 10.0.0.1") == 200
    # A chain that is too short went past a proxy: then only the connection can be believed.
    assert [call(f"6.6.6.{n}") for n in range(4)] == [200] * 3 + [429]


def test_hits_of_many_threads_are_all_counted() -> None:
    counters = LocalCounters()
    interval = sys.getswitchinterval()
    # Threads take turns as often as they can, so that a step between reading and writing is found.
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            runs = pool.map(lambda _: [counters.hit("k", 60).hits for _ in range(2000)], range(8))
            counts = [count for run in runs for count in run]
    finally:
        sys.setswitchinterval(interval)
    assert sorted(counts) == list(range(1, 16_001))


def test_ended_windows_are_thrown_away(ticks: Ticks) -> None:
    counters = LocalCounters()
    for number in range(1000):
        counters.hit(f"short {number}", 60)
    counters.hit("long", 3600)
    ticks.now += 60
    counters.hit("new", 60)
    assert set(counters._windows) == {"long", "new"}
    assert counters.hit("long", 3600) == (2, 3540.0)


# --- Redis --------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.stop()


def counters_of(app: Flask) -> RedisCounters:
    counting = app.extensions["marketplace_limits"]
    assert isinstance(counting, Counting)
    assert isinstance(counting.counters, RedisCounters)
    return counting.counters


@pytest.fixture
def shared() -> Iterator[Callable[..., Flask]]:
    """Makes apps on a Redis, whose connections are closed at the end."""
    made: list[Flask] = []

    def make(url: str, **values: Any) -> Flask:
        made.append(small_app(redis_url=url, **values))
        return made[-1]

    yield make
    for app in made:
        counters_of(app)._client.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that Redis was asked to count."""
    keys: list[str] = []
    ask = RedisCounters._ask

    def note(self: RedisCounters, key: str, seconds: int, amount: int) -> counters.Window:
        keys.append(key)
        return ask(self, key, seconds, amount)

    monkeypatch.setattr(RedisCounters, "_ask", note)
    return keys


def comes_back(app: Flask, ticks: Ticks) -> None:
    """After the pause a request makes the program look, beside it, whether Redis is there."""
    ticks.now += PAUSE_SECONDS
    assert codes(app, "/plain", 1) == [200]
    eventually(lambda: not counters_of(app).away)


def test_waits_are_as_promised() -> None:
    """At most 0.5 s once; all resumes within 60 s."""
    counters = RedisCounters("redis://127.0.0.1:1/0")
    connection = counters._client.connection_pool.connection_kwargs
    assert connection["socket_connect_timeout"] + connection["socket_timeout"] == 2 * TIMEOUT_SECONDS <= 0.5
    assert 2 * PAUSE_SECONDS + 2 * TIMEOUT_SECONDS < 60


@needs_redis
def test_instances_share_budgets_through_redis(server: RedisProcess, shared: Callable[..., Flask]) -> None:
    one, two, alone = shared(server.url), shared(server.url), small_app()
    answers = [app.test_client().get("/guarded") for app in (one, two, one, two)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429]
    assert [told(answer)["3-per-60s"][2] for answer in answers] == [2, 1, 0, 0]
    assert [told(answer)["100-per-60s"][2] for answer in answers] == [99, 98, 97, 96]
    assert codes(alone, "/guarded", 1) == [200]
    with server.client() as client:
        assert {key.decode() for key in client.scan_iter()} == {
            "LIMITER/marketplace/ip:127.0.0.1/100/1/minute",
            "LIMITER/marketplace/ip:127.0.0.1/guarded/3/1/minute",
        }


@needs_redis
def test_the_end_of_a_window_in_redis(server: RedisProcess, shared: Callable[..., Flask]) -> None:
    app = shared(server.url)
    key = "LIMITER/marketplace/ip:127.0.0.1/guarded/3/1/minute"
    assert codes(app, "/guarded", 3) == [200] * 3
    with server.client() as client:
        assert 0 < client.pttl(key) <= 60_000
        client.pexpire(key, 30_900)
        answer = app.test_client().get("/guarded")
        # Rounded up: who waits so long is served. (Redis' own TTL would say 31 for 30.9 and 30 for 30.4.)
        check_refusal(answer, 31)
        client.pexpire(key, 30_300)
        check_refusal(app.test_client().get("/guarded"), 31)
        client.pexpire(key, 1)
        eventually(lambda: not client.exists(key))
    answer = app.test_client().get("/guarded")
    assert answer.status_code == 200
    assert told(answer)["3-per-60s"] == (3, 60, 2, 60)


@needs_redis
def test_a_counter_without_an_end_gets_one(server: RedisProcess, shared: Callable[..., Flask]) -> None:
    key = "LIMITER/marketplace/ip:127.0.0.1/guarded/3/1/minute"
    with server.client() as client:
        client.set(key, 5)
        check_refusal(shared(server.url).test_client().get("/guarded"), 60)
        assert 0 < client.pttl(key) <= 60_000


@needs_redis
def test_redis_by_its_unix_socket(server: RedisProcess, shared: Callable[..., Flask]) -> None:
    assert codes(shared(server.unix_url), "/guarded", 2) == [200, 200]
    assert codes(shared(server.url), "/guarded", 2) == [200, 429]


@needs_redis
def test_a_killed_redis_is_done_without(
    server: RedisProcess, shared: Callable[..., Flask], asked: list[str], ticks: Ticks
) -> None:
    app = shared(server.url)
    assert codes(app, "/guarded", 2) == [200, 200]
    server.stop()
    asked.clear()
    # What was counted in Redis is out of reach: a budget begins anew, and is kept.
    assert codes(app, "/guarded", 4) == [200] * 3 + [429]
    assert len(asked) == 1
    ticks.now += PAUSE_SECONDS - 0.1
    assert codes(app, "/plain", 50) == [200] * 50
    assert len(asked) == 1
    answer = app.test_client().get("/guarded")
    check_refusal(answer, 56)
    server.start()
    comes_back(app, ticks)
    assert codes(app, "/guarded", 4) == [200] * 3 + [429]
    assert codes(shared(server.url), "/guarded", 1) == [429]


@needs_redis
def test_a_redis_that_hangs_costs_nobody_an_error(
    server: RedisProcess, shared: Callable[..., Flask], asked: list[str], ticks: Ticks
) -> None:
    """Those on their way to it wait together; whoever comes later does not wait."""
    app = shared(server.url, rate_limit_default="1000/minute")
    everybody = Event()
    waiting = 8

    def call(_: int) -> int:
        everybody.wait(10)
        return app.test_client().get("/plain").status_code

    assert codes(app, "/plain", 1) == [200]
    server.freeze()
    asked.clear()
    with ThreadPoolExecutor(waiting) as pool:
        answers = [pool.submit(call, number) for number in range(waiting)]
        everybody.set()
        assert [answer.result() for answer in answers] == [200] * waiting
    assert 1 <= len(asked) <= waiting
    asked.clear()
    assert codes(app, "/guarded", 4) == [200] * 3 + [429]
    assert asked == []
    server.thaw()
    comes_back(app, ticks)
    # Counted by Redis again, where the refused request above is unknown.
    assert told(shared(server.url).test_client().get("/guarded"))["3-per-60s"][2] == 2


def test_whether_redis_is_back_is_found_out_beside_the_requests(
    shared: Callable[..., Flask], ticks: Ticks, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One connection for the first request, one for each look; what a look waits for holds up nobody."""
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(10)
        app = shared(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", rate_limit_default="1000/minute")
        assert codes(app, "/plain", 20) == [200] * 20
        silent.accept()[0].close()
        assert len(asked) == 1
        looking, end, ended = Event(), Event(), Event()
        look = RedisCounters._look

        def slow(self: RedisCounters) -> None:
            looking.set()
            end.wait(20)
            look(self)
            ended.set()

        monkeypatch.setattr(RedisCounters, "_look", slow)
        ticks.now += PAUSE_SECONDS
        assert codes(app, "/plain", 20) == [200] * 20
        assert looking.wait(10)
        assert len(asked) == 1
        end.set()
        assert ended.wait(10)
        assert asked[1:] == ["LIMITER/marketplace/look"]
        silent.accept()[0].close()
        assert counters_of(app).away
        # Not a second look before the next pause is over.
        assert codes(app, "/plain", 20) == [200] * 20
        assert len(asked) == 2
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()


@needs_redis
def test_redis_may_come_after_the_program(
    tmp_path: Path, shared: Callable[..., Flask], ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    server = RedisProcess(tmp_path)
    app = shared(server.url)
    assert codes(app, "/guarded", 4) == [200] * 3 + [429]
    assert [record.getMessage() for record in caplog.records] == ["limits are counted in this process"]
    server.start()
    try:
        comes_back(app, ticks)
        assert codes(app, "/guarded", 4) == [200] * 3 + [429]
    finally:
        server.stop()


@needs_redis
def test_a_redis_that_refuses_is_no_error(
    server: RedisProcess, shared: Callable[..., Flask], asked: list[str], ticks: Ticks
) -> None:
    """Out of memory it answers to PING, and counts nothing."""
    app = shared(server.url)
    with server.client() as client:
        client.config_set("maxmemory", "1")
        assert codes(app, "/guarded", 4) == [200] * 3 + [429]
        asked.clear()
        ticks.now += PAUSE_SECONDS
        codes(app, "/plain", 1)
        eventually(lambda: asked == ["LIMITER/marketplace/look"])
        assert counters_of(app).away
        client.config_set("maxmemory", "0")
    comes_back(app, ticks)


@needs_redis
def test_a_connection_that_redis_closed_is_opened_again(
    server: RedisProcess, shared: Callable[..., Flask]
) -> None:
    app = shared(server.url)
    assert codes(app, "/guarded", 1) == [200]
    with server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    assert told(app.test_client().get("/guarded"))["3-per-60s"][2] == 1
    assert not counters_of(app).away


@needs_redis
def test_reset_empties_both_places(server: RedisProcess, shared: Callable[..., Flask]) -> None:
    app = shared(server.url)
    with server.client() as client:
        client.set("somebody/else", "1")
        assert codes(app, "/guarded", 4) == [200] * 3 + [429]
        with app.app_context():
            limiter.reset()
        assert client.keys() == [b"somebody/else"]
    assert codes(app, "/guarded", 1) == [200]


# --- two processes of the whole program ---------------------------------------------------------------

STORY = """
import json, sys
from marketplace import create_app

client = create_app().test_client()
codes = []
for number, address in enumerate(sys.argv[1:]):
    answer = client.post(
        "/api/v1/user/login",
        json={"login": "nobody", "password": "Wrong-Horse-8"},
        headers={"X-Forwarded-For": f"6.6.6.{number}, {address}", "X-Real-IP": f"6.6.6.{number}"},
    )
    codes.append(answer.status_code)
print(json.dumps(codes))
"""


@needs_redis
def test_processes_behind_a_proxy_share_the_callers_budget(
    server: RedisProcess, database_url: str, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT_ROOT),
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "REDIS_URL": server.url,
        "PROXY_HOPS": "1",
        "LOG_LEVEL": "ERROR",
    }

    def process(*addresses: str) -> list[int]:
        result = subprocess.run(
            [sys.executable, "-c", STORY, *addresses],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        found = json.loads(result.stdout.splitlines()[-1])
        assert isinstance(found, list)
        return found

    assert process(*["192.0.2.1"] * 3) == [401] * 3
    assert process(*["192.0.2.1"] * 3, "192.0.2.2") == [401, 401, 429, 401]
