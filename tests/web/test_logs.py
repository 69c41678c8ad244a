"""Every event is one line that can be parsed, cannot be forged and holds no secret."""

import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from flask import Flask, g, request
from gunicorn.config import Config

from marketplace.config import Settings
from marketplace.kernel.identity import Principal
from marketplace.web.observability import logs, request_id
from marketplace.web.observability.logs import GunicornLogger, StderrHandler, configure_logging


@pytest.fixture(autouse=True)
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def settings(**changes: object) -> Settings:
    values = {
        "secret_key": "x" * 40,
        "instance_path": Path("instance"),
        "log_format": "json",
        "testing": True,
    }
    return Settings(**{**values, **changes})  # type: ignore[arg-type] # a test's shorthand


def small_app(**changes: object) -> Flask:
    app = Flask("small", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    logs.init_app(app, settings(**changes))

    @app.get("/orders/<int:order_id>")
    def order(order_id: int) -> str:
        g.principal = Principal(user_id=7, session_id=1)
        structlog.stdlib.get_logger("shop").info("looked", password="hunter2", order_id=order_id)
        return "ok"

    @app.post("/boom")
    def boom() -> None:
        local_secret = request.get_data(as_text=True)
        raise RuntimeError("it broke" + local_secret[:0])

    @app.get("/slow")
    def slow() -> str:
        return "ok"

    request_id.init_app(app, settings())
    return app


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_one_line_for_each_request(capsys: pytest.CaptureFixture[str]) -> None:
    small_app().test_client().get("/orders/5?q=private", headers={"X-Request-ID": "r1"})
    looked, line = lines_of(capsys)
    assert looked["event"] == "looked"
    assert looked["password"] == "[redacted]"
    assert (looked["logger"], looked["level"], looked["request_id"]) == ("shop", "info", "r1")
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "marketplace.web.logs",
        "request_id": "r1",
        "method": "GET",
        "route": "/orders/<int:order_id>",
        "path": "/orders/5",
        "status": 200,
        "ip": "127.0.0.1",
        "action": "order",
        "user_id": 7,
    }


@pytest.mark.parametrize(("path", "status"), [("/absent", 404), ("/boom", 405)])
def test_refused_requests_are_lines_too(capsys: pytest.CaptureFixture[str], path: str, status: int) -> None:
    small_app().test_client().get(path)
    (line,) = lines_of(capsys)
    assert (line["route"], line["status"]) == (None, status)
    assert "user_id" not in line


def test_a_slow_request_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    small_app(slow_request_seconds=0.0, log_level="WARNING").test_client().get("/slow")
    (line,) = lines_of(capsys)
    assert (line["event"], line["level"], line["route"]) == ("slow_request", "warning", "/slow")


def test_a_traceback_is_one_field_without_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    small_app().test_client().post("/boom", data="body-of-the-request")
    error, line = lines_of(capsys)
    assert error["level"] == "error"
    assert "RuntimeError: it broke" in error["exception"]
    assert "body-of-the-request" not in json.dumps(error)
    assert line["status"] == 500


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("control", ["\n", "\r\n", "\x1b[2J", "\u2028", "\x85", "\x00", "\x0b"])
def test_lines_cannot_be_forged(capsys: pytest.CaptureFixture[str], log_format: str, control: str) -> None:
    configure_logging(settings(log_format=log_format))
    forged = f"x{control}2026-01-01 [info] forged"
    structlog.stdlib.get_logger("native").info(forged, **{f"key{control}": forged, "nested": [{"a": forged}]})
    logging.getLogger("foreign").warning("%s", forged, extra={"extra_value": forged})
    written = capsys.readouterr().err
    assert len(written.split("\n")) == 3
    assert len(written.splitlines()) == 2
    assert control.strip("\n\r") not in written or not control.strip("\n\r")
    assert "\x1b" not in written


def test_a_console_traceback_is_indented(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings(log_format="console"))
    error = ValueError("first\n2026-01-01T00:00:00Z [info] forged \x1b[31m")
    structlog.stdlib.get_logger("native").error("failed", exc_info=error)
    first, *rest = capsys.readouterr().err.splitlines()
    assert "failed" in first
    assert rest
    assert all(line.startswith("    | ") for line in rest)
    assert "\x1b" not in "".join(rest)


def test_a_message_with_secrets_or_odd_values_is_still_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings())
    logging.getLogger("foreign").error("Authorization: Bearer abc.def %s", {"token": "t0ps3cret"})
    structlog.stdlib.get_logger("native").info(
        "odd", value=float("inf"), when=object(), text="\ud800", big=10**400
    )
    first, second = lines_of(capsys)
    assert "abc.def" not in first["event"]
    assert "t0ps3cret" not in first["event"]
    assert second["value"] == "inf"
    assert second["text"] == "\\ud800"


def test_a_record_that_cannot_be_formatted_is_told_and_not_raised(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logging(settings())
    root = logging.getLogger()
    # pytest's own handlers raise for such a record.
    monkeypatch.setattr(root, "handlers", [one for one in root.handlers if isinstance(one, StderrHandler)])
    logging.getLogger("foreign").error("%d", "not a number")
    (line,) = lines_of(capsys)
    assert (line["event"], line["logger"], line["error"]) == (
        "unprintable_log_record",
        "foreign",
        "TypeError",
    )
    assert line["timestamp"].endswith("Z")


def test_a_closed_standard_error_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logging(settings())
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)
    logging.getLogger("foreign").error("nobody hears this")


def test_the_level_is_that_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings(log_level="ERROR"))
    structlog.stdlib.get_logger("native").warning("quiet")
    logging.getLogger("foreign").warning("quiet")
    structlog.stdlib.get_logger("native").error("loud")
    assert [line["event"] for line in lines_of(capsys)] == ["loud"]


def test_several_applications_log_once(capsys: pytest.CaptureFixture[str]) -> None:
    small_app()
    small_app().test_client().get("/slow")
    assert len(lines_of(capsys)) == 1
    assert sum(isinstance(handler, StderrHandler) for handler in logging.getLogger().handlers) == 1


def test_the_format_follows_the_latest_application(capsys: pytest.CaptureFixture[str]) -> None:
    log = structlog.stdlib.get_logger("native")
    configure_logging(settings(log_format="console"))
    log.info("first")
    configure_logging(settings(log_format="json"))
    log.info("second")
    console, as_json = capsys.readouterr().err.splitlines()
    assert "first" in console
    assert not console.startswith("{")
    assert json.loads(as_json)["event"] == "second"


@pytest.mark.parametrize("name", ["gunicorn.error", "gunicorn.access", "werkzeug"])
def test_the_servers_loggers_come_through_our_chain(capsys: pytest.CaptureFixture[str], name: str) -> None:
    logger = logging.getLogger(name)
    logger.addHandler(logging.StreamHandler())
    logger.propagate = False
    configure_logging(settings())
    logger.warning("GET /x?token=abcdef")
    (line,) = lines_of(capsys)
    assert line["logger"] == name
    assert "abcdef" not in line["event"]


def test_gunicorn_itself_logs_through_our_chain(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings())
    GunicornLogger(Config()).info("Listening at: %s", "http://127.0.0.1:8000")
    (line,) = lines_of(capsys)
    assert line["event"] == "Listening at: http://127.0.0.1:8000"


def test_a_context_without_a_request_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with small_app().test_request_context("/slow"):
        pass
    assert lines_of(capsys) == []


def test_a_line_costs_little(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings())
    log = structlog.stdlib.get_logger("native")
    started = time.perf_counter()
    for _ in range(500):
        log.info("request", method="GET", path="/orders/5", status=200, ip="127.0.0.1")
    assert (time.perf_counter() - started) / 500 < 0.002
    capsys.readouterr()


def test_lines_do_not_wait_for_the_lock_of_their_handler(capfd: pytest.CaptureFixture[str]) -> None:
    """It is a real lock, as Python 3.13 enters it without asking; and no thread waits for another's line."""
    configure_logging(settings())
    handler = next(one for one in logging.getLogger().handlers if isinstance(one, StderrHandler))
    handler.acquire()
    try:
        writer = threading.Thread(target=logging.getLogger("shop").warning, args=("sold",), daemon=True)
        writer.start()
        writer.join(10)
        assert not writer.is_alive()
    finally:
        handler.release()
    assert json.loads(capfd.readouterr().err)["event"] == "sold"
    with handler.lock:  # type: ignore[union-attr]  # what Python 3.13 does
        pass


def test_filters_of_the_handler_are_asked(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(settings())
    handler = next(one for one in logging.getLogger().handlers if isinstance(one, StderrHandler))
    handler.addFilter(lambda record: "secret" not in str(record.msg))
    logging.getLogger("shop").warning("a secret")
    logging.getLogger("shop").warning("sold")
    assert [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()] == ["sold"]
