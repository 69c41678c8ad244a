"""What reaches Sentry names the request and holds no secret; without a DSN nothing does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sentry_sdk
from flask import Flask, g, request
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from marketplace.config import Settings
from marketplace.kernel.errors import Conflict
from marketplace.kernel.identity import Principal
from marketplace.web.observability import request_id, sentry
from marketplace.web.observability.request_id import bind_request_id

SECRETS = ("hunter2", "s3cr3t", "abc.def.ghi", "session-cookie", "482913", "local-value", "private-search")


class MemoryTransport(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.envelopes: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)

    def items(self, kind: str) -> list[dict]:
        return [
            item.payload.json
            for envelope in self.envelopes
            for item in envelope.items
            if item.type == kind and item.payload.json is not None
        ]

    def raw(self) -> str:
        return "\n".join(envelope.serialize().decode(errors="replace") for envelope in self.envelopes)


class SlotTaken(Conflict):
    code = "slot_taken"
    title = "The slot is taken"


@pytest.fixture
def transport() -> Iterator[MemoryTransport]:
    yield MemoryTransport()
    sentry_sdk.get_global_scope().set_client(None)


def small_app(transport: MemoryTransport, **changes: object) -> Flask:
    values: dict = {
        "secret_key": "x" * 40,
        "instance_path": Path("instance"),
        "app_env": "testing",
        "sentry_dsn": "https://key@sentry.invalid/1",
        "sentry_traces_sample_rate": 0.0,
        "testing": True,
    }
    settings = Settings(**{**values, **changes})
    app = Flask("small", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    sentry.init_app(app, settings, release="1.2.3", transport=transport)

    @app.post("/orders/<int:order_id>")
    def order(order_id: int) -> None:
        g.principal = Principal(user_id=7, session_id=1)
        local = "local-value"
        sentry_sdk.add_breadcrumb(
            message="Bearer abc.def.ghi",
            data={"password": "hunter2", "url": "https://a.example/x?q=private-search"},
        )
        sentry_sdk.get_current_scope().set_extra("body", request.get_data(as_text=True) + local)
        raise RuntimeError("broke with token=s3cr3t")

    @app.post("/conflict")
    def conflict() -> None:
        raise SlotTaken

    @app.get("/fine")
    def fine() -> str:
        return "ok"

    request_id.init_app(app, settings)
    return app


def post_secrets(app: Flask) -> None:
    answer = app.test_client().post(
        "/orders/5?q=private-search&code=482913",
        json={"password": "hunter2", "code": "482913"},
        headers={
            "Authorization": "Bearer abc.def.ghi",
            "Cookie": "sid=session-cookie",
            "X-Request-ID": "r1",
            "X-Custom": "s3cr3t",
        },
    )
    assert answer.status_code == 500


def test_an_unexpected_error_is_reported_with_its_request(transport: MemoryTransport) -> None:
    post_secrets(small_app(transport))
    (event,) = transport.items("event")
    assert event["environment"] == "testing"
    assert event["release"] == "1.2.3"
    assert event["tags"]["request_id"] == "r1"
    assert event["user"] == {"id": "7"}
    assert event["transaction"] == "/orders/<int:order_id>"
    assert event["request"]["url"] == "http://localhost/orders/5"
    assert event["request"]["method"] == "POST"
    assert event["exception"]["values"][-1]["type"] == "RuntimeError"
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "order"
    assert not any("vars" in frame for frame in frames)


@pytest.mark.parametrize("send_pii", [False, True])
def test_nothing_secret_leaves(transport: MemoryTransport, send_pii: bool) -> None:
    post_secrets(small_app(transport, sentry_send_pii=send_pii, sentry_traces_sample_rate=1.0))
    assert transport.items("event")
    assert transport.items("transaction")
    for item in (*transport.items("event"), *transport.items("transaction")):
        for exception in item.get("exception", {}).get("values", []):
            for frame in exception["stacktrace"]["frames"]:
                # Lines of this file, which name the secrets in order to test them.
                for part in ("context_line", "pre_context", "post_context"):
                    frame.pop(part, None)
        raw = json.dumps(item)
        assert [secret for secret in SECRETS if secret in raw] == []


def test_the_address_is_sent_only_where_wanted(transport: MemoryTransport) -> None:
    post_secrets(small_app(transport))
    assert "127.0.0.1" not in transport.raw()
    post_secrets(small_app(transport, sentry_send_pii=True))
    assert "127.0.0.1" in transport.raw()


def test_our_own_errors_are_not_reported(transport: MemoryTransport) -> None:
    app = small_app(transport)
    app.test_client().post("/conflict")
    sentry.capture_exception(SlotTaken())
    assert transport.items("event") == []


def test_a_worker_reports_what_it_caught(transport: MemoryTransport) -> None:
    small_app(transport)
    with bind_request_id("job-1"):
        sentry.capture_exception(ValueError("password=hunter2"))
    (event,) = transport.items("event")
    assert event["tags"]["request_id"] == "job-1"
    assert event["exception"]["values"][0]["value"] == "password=[redacted]"


def test_the_command_line_stays_here(transport: MemoryTransport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["flask", "create-admin", "--password", "hunter2"])
    small_app(transport)
    sentry.capture_exception(ValueError("x"))
    assert "hunter2" not in json.dumps(transport.items("event")[0].get("extra", {}))
    assert "sys.argv" not in transport.raw()


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 0), (1.0, 1)])
def test_traces_follow_the_rate(transport: MemoryTransport, rate: float, expected: int) -> None:
    app = small_app(transport, sentry_traces_sample_rate=rate)
    app.test_client().get("/fine?q=private-search", headers={"X-Request-ID": "r2"})
    transactions = transport.items("transaction")
    assert len(transactions) == expected
    assert all(one["tags"]["request_id"] == "r2" for one in transactions)
    assert "private-search" not in transport.raw()


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/metrics"])
def test_probes_are_not_traced(transport: MemoryTransport, path: str) -> None:
    app = small_app(transport, sentry_traces_sample_rate=1.0)
    app.add_url_rule(path, view_func=lambda: "ok")
    app.test_client().get(path)
    assert transport.items("transaction") == []


def test_a_caller_cannot_have_itself_traced(transport: MemoryTransport) -> None:
    app = small_app(transport, sentry_traces_sample_rate=0.0)
    app.test_client().get("/absent", headers={"sentry-trace": f"{'a' * 32}-{'b' * 16}-1"})
    assert transport.items("transaction") == []


def test_without_a_dsn_nothing_is_sent(transport: MemoryTransport) -> None:
    app = small_app(transport, sentry_dsn=None)
    post_secrets(app)
    sentry.capture_exception(ValueError("x"))
    assert transport.envelopes == []
    assert not sentry_sdk.get_client().is_active()
