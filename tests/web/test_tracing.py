"""One request is one trace through SQL and the job that it left behind; off means nothing."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from opentelemetry import trace
from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from opentelemetry.util._once import Once
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from marketplace.config import ConfigError, Settings
from marketplace.web.observability import logs, request_id, tracing
from marketplace.web.observability.request_id import bind_request_id
from marketplace.web.observability.tracing import continue_trace, current_trace_id, inject_context

PARENT = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def settings(endpoint: str | None = "http://collector.invalid:4318") -> Settings:
    return Settings(
        secret_key="x" * 40,
        instance_path=Path("instance"),
        otel_endpoint=endpoint,
        log_format="json",
        testing=True,
    )


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """A process that has never traced, and that has not when the test is over."""
    memory = InMemorySpanExporter()
    yield memory
    for instrumentor in (Psycopg2Instrumentor(), RedisInstrumentor()):
        if instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()
    trace._TRACER_PROVIDER = None
    trace._TRACER_PROVIDER_SET_ONCE = Once()


@pytest.fixture
def app(exporter: InMemorySpanExporter) -> Flask:
    app = Flask("small", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    tracing.init_app(app, settings(), exporter=exporter)
    app.left_behind = []  # type: ignore[attr-defined] # stands for the outbox

    @app.post("/orders/<int:order_id>")
    def order(order_id: int) -> dict:
        app.left_behind.append(inject_context())
        return {"trace": current_trace_id()}

    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError("broke with token=s3cr3t")

    request_id.init_app(app, settings())
    return app


def test_request_and_job_are_one_trace(app: Flask, exporter: InMemorySpanExporter) -> None:
    answer = app.test_client().post("/orders/5?q=private", headers={"X-Request-ID": "r1"})
    with bind_request_id("r1"), continue_trace(app.left_behind[0], "job mail.send"):
        assert current_trace_id() == answer.json["trace"]
    request_span, job = exporter.get_finished_spans()
    assert request_span.context.trace_id == job.context.trace_id
    assert job.parent.span_id == request_span.context.span_id
    assert f"{job.context.trace_id:032x}" == answer.json["trace"]
    assert (job.name, request_span.name) == ("job mail.send", "POST /orders/<int:order_id>")
    assert request_span.attributes["request_id"] == job.attributes["request_id"] == "r1"
    assert "private" not in request_span.to_json()


def test_the_callers_trace_is_continued(app: Flask, exporter: InMemorySpanExporter) -> None:
    answer = app.test_client().post("/orders/5", headers=PARENT)
    assert answer.json["trace"] == PARENT["traceparent"].split("-")[1]


def test_sql_is_in_the_same_trace(app: Flask, exporter: InMemorySpanExporter, database_url: str) -> None:
    engine = create_engine(database_url, poolclass=NullPool)

    @app.get("/sql")
    def sql() -> dict:
        with engine.connect() as connection:
            connection.execute(text("SELECT CAST(:value AS text)"), {"value": "private"})
        app.left_behind.append(inject_context())
        return {"trace": current_trace_id()}

    answer = app.test_client().get("/sql")
    with continue_trace(app.left_behind[0], "job"), engine.connect() as connection:
        connection.execute(text("SELECT 2"))
    spans = exporter.get_finished_spans()
    assert {f"{span.context.trace_id:032x}" for span in spans} == {answer.json["trace"]}
    by_id = {span.context.span_id: span for span in spans}
    parents = {
        span.attributes["db.statement"]: by_id[span.parent.span_id].name
        for span in spans
        if "db.statement" in span.attributes and "SELECT" in span.attributes["db.statement"]
    }
    assert parents["SELECT CAST(%(value)s AS text)"] == "GET /sql"
    assert parents["SELECT 2"] == "job"
    assert "private" not in "".join(span.to_json() for span in spans)


@pytest.mark.parametrize(
    "carrier", [None, {}, {"traceparent": "nonsense"}, {"traceparent": "00-" + "0" * 32 + "-1-1"}]
)
def test_a_job_without_a_trace_starts_one(
    app: Flask, exporter: InMemorySpanExporter, carrier: dict | None
) -> None:
    with continue_trace(carrier, "job"):
        assert current_trace_id()
    (job,) = exporter.get_finished_spans()
    assert job.parent is None


def test_errors_show_no_secret(app: Flask, exporter: InMemorySpanExporter) -> None:
    app.test_client().get("/boom?code=482913", headers={"Authorization": "Bearer abc.def.ghi"})
    with pytest.raises(ValueError, match="hunter2"), continue_trace(None, "job"):
        raise ValueError("password=hunter2")
    request_span, job = exporter.get_finished_spans()
    assert request_span.status.status_code is StatusCode.ERROR
    assert job.status.status_code is StatusCode.ERROR
    raw = request_span.to_json() + job.to_json()
    assert "ValueError" in raw
    assert [secret for secret in ("s3cr3t", "482913", "abc.def", "hunter2") if secret in raw] == []


def test_probes_are_not_traced(app: Flask, exporter: InMemorySpanExporter) -> None:
    for path in ("/health", "/metrics"):
        app.add_url_rule(path, path, lambda: "ok")
    for path in ("/health", "/metrics"):
        app.test_client().get(path)
    assert exporter.get_finished_spans() == ()


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("logging_restored")
def test_log_lines_name_the_trace(exporter: InMemorySpanExporter, capsys: pytest.CaptureFixture[str]) -> None:
    app = Flask("logging", static_folder=None)
    logs.init_app(app, settings())
    tracing.init_app(app, settings(), exporter=exporter)
    app.add_url_rule("/x", view_func=lambda: {"trace": current_trace_id()})
    answer = app.test_client().get("/x")
    with continue_trace(PARENT, "job"):
        logging.getLogger("job").warning("working")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["trace_id"]) for line in lines] == [
        ("request", answer.json["trace"]),
        ("working", PARENT["traceparent"].split("-")[1]),
    ]


def test_a_second_application_shares_the_provider(app: Flask, exporter: InMemorySpanExporter) -> None:
    other = Flask("other", static_folder=None)
    tracing.init_app(other, settings())
    other.add_url_rule("/x", view_func=lambda: "ok")
    other.test_client().get("/x")
    assert [span.name for span in exporter.get_finished_spans()] == ["GET /x"]


def test_without_an_endpoint_nothing_is_traced(exporter: InMemorySpanExporter) -> None:
    app = Flask("off", static_folder=None)
    tracing.init_app(app, settings(None), exporter=exporter)
    app.add_url_rule("/x", view_func=inject_context)
    assert app.test_client().get("/x").json == {}
    with continue_trace(None, "job"):
        assert current_trace_id() is None
    assert exporter.get_finished_spans() == ()


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "INSTALLED", False)
    with pytest.raises(ConfigError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT[^\n]*requirements-otel.txt$"):
        tracing.init_app(Flask("x"), settings())
    assert inject_context() == {}
    assert current_trace_id() is None
    with continue_trace(PARENT, "job"):
        pass


def test_the_module_loads_without_the_packages() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from marketplace.web.observability import tracing\n"
        "assert not tracing.INSTALLED and tracing.inject_context() == {}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
