"""Structured logs: one line per event, which nobody can forge and which holds no secret."""

import json
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import Flask
from flask.logging import default_handler
from gunicorn import glogging
from structlog.typing import EventDict, Processor, WrappedLogger

from marketplace.config import Settings
from marketplace.web.observability.answered import Answered, observe
from marketplace.web.observability.redaction import redact, redact_text
from marketplace.web.observability.request_id import current_request_id
from marketplace.web.observability.tracing import current_trace_id

_IS_FINISHED = "_marketplace_is_finished"
_ADOPTED = ("gunicorn.error", "gunicorn.access", "werkzeug", "flask.app")
_CONSOLE_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
    0x0A: "\\n",
    0x0D: "\\r",
    0x09: "\\t",
}

_json = json.JSONEncoder(ensure_ascii=True, allow_nan=False)
REQUESTS = "marketplace.web.logs"
"""The name of the logger of requests: operators select its lines by it."""
_requests = logging.getLogger(REQUESTS)


def init_app(app: Flask, settings: Settings) -> None:
    """Configure the process's logging and write one `request` line for each request.

    Call it before the other parts of the web layer: its teardown then runs last and sees their work.
    """
    configure_logging(settings)
    app.logger.removeHandler(default_handler)

    def write_line(answered: Answered) -> None:
        _write_request(answered, settings.slow_request_seconds)

    observe(app, write_line)


def _write_request(answered: Answered, slow_after: float) -> None:
    """The line `request` of an answered request, and `slow_request` when it took longer than `slow_after`.

    It is made as structlog would make it, but without its chain, because one is written for each request.
    Text chosen by the client is redacted here.
    """
    if not _requests.isEnabledFor(logging.WARNING):
        return
    environ = answered.environ
    facts: dict[str, Any] = {
        "method": redact_text(environ["REQUEST_METHOD"]),
        "action": answered.action,
        "route": answered.route,
        "path": redact_text((environ["PATH_INFO"] or "/").encode("latin-1").decode("utf-8", "replace")),
        "status": answered.status,
        "duration_ms": round(answered.seconds * 1000, 2),
        "ip": redact(environ.get("REMOTE_ADDR")),
        "logger": REQUESTS,
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    request_id = current_request_id()
    if request_id is not None:
        facts["request_id"] = redact_text(request_id)
    if answered.trace_id is not None:
        facts["trace_id"] = answered.trace_id
    if answered.user_id is not None:
        facts["user_id"] = answered.user_id
    _handle(logging.INFO, facts | {"event": "request", "level": "info"})
    if answered.seconds > slow_after:
        _handle(logging.WARNING, facts | {"event": "slow_request", "level": "warning"})


def _handle(level: int, event: EventDict) -> None:
    if _requests.isEnabledFor(level):
        record = logging.LogRecord(REQUESTS, level, __file__, 0, event, None, None)
        # Marks by which structlog's formatter recognises events that went through the chain.
        record._from_structlog, record._logger, record._name = True, None, event["level"]  # noqa: SLF001 - structlog's names
        setattr(record, _IS_FINISHED, True)
        _requests.handle(record)


def configure_logging(settings: Settings) -> None:
    """Send structlog's and the standard library's loggers through one chain to standard error.

    Idempotent: a second call replaces the settings of the first. Commands, workers and gunicorn's
    master call it without an application.
    """
    structlog.configure(
        processors=_NATIVE,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, StderrHandler):
            root.removeHandler(handler)
    handler = StderrHandler()
    handler.setFormatter(make_formatter(settings.log_format))
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    adopt_loggers()
    # Their request lines repeat ours, and show the values of the query.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    if not settings.testing:
        logging.captureWarnings(capture=True)


def adopt_loggers() -> None:
    """Take the loggers of gunicorn, werkzeug and Flask from their own handlers into ours."""
    for name in _ADOPTED:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def make_formatter(log_format: str) -> logging.Formatter:
    """The formatter for `json` (one object a line) or `console` (for people, a traceback indented below)."""
    renderers: Sequence[Processor]
    kind = structlog.stdlib.ProcessorFormatter
    if log_format == "json":
        renderers, kind = [_render_json], _JsonFormatter
    else:
        renderers = [
            _escape_controls,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    return kind(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _format_exception,
            _redact_event,
            *renderers,
        ],
    )


class _JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Writes finished events unchanged."""

    def format(self, record: logging.LogRecord) -> str:
        if hasattr(record, _IS_FINISHED):
            return _json.encode(record.msg)
        return super().format(record)


class StderrHandler(logging.Handler):
    """Writes each line at once to the standard error of the moment, which tests and daemons replace.

    A line is one write to the descriptor, which needs no lock: with one, each thread of a busy server waits
    for the writes of the others, which takes half of the time of a cached answer.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        """As logging's, without the handler's lock, which still exists for other code that takes it."""
        kept = self.filter(record)
        if kept:
            self.emit(kept if isinstance(kept, logging.LogRecord) else record)
        return bool(kept)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - a record that cannot be rendered must not stop its request
            line = json.dumps(
                {
                    "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                    "level": "error",
                    "event": "unprintable_log_record",
                    "logger": record.name,
                    "error": type(error).__name__,
                }
            )
        # When standard error is closed, there is nowhere left to report it.
        with suppress(OSError, ValueError):
            _write(line + "\n")


def _write(line: str) -> None:
    try:
        descriptor = sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):
        sys.stderr.write(line)  # a replacement that is no file
        sys.stderr.flush()
        return
    rest = line.encode("utf-8", "backslashreplace")
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class GunicornLogger(glogging.Logger):
    """gunicorn's logger through our chain: `logger_class = GunicornLogger` in gunicorn.conf.py."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        adopt_loggers()


def _add_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in (("request_id", current_request_id()), ("trace_id", current_trace_id())):
        if value is not None:
            event.setdefault(name, value)
    return event


def _format_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The traceback as one text, without the values of local variables."""
    info = event.pop("exc_info", None)
    if isinstance(info, BaseException):
        error: BaseException | None = info
    elif isinstance(info, tuple):
        error = info[1]
    else:
        error = sys.exception() if info else None
    if error is not None:
        event["exception"] = "".join(traceback.format_exception(error)).rstrip()
    return event


def _redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    cleaned: EventDict = redact(dict(event))
    return cleaned


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return _json.encode(event)


def _escape_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape control characters: terminals obey them, and a newline would let the sender forge a line."""
    escaped: EventDict = _escape({key: value for key, value in event.items() if key != "exception"})
    if isinstance(event.get("exception"), str):
        lines = event["exception"].split("\n")
        escaped["exception"] = "\n".join(f"    | {_escape(line)}" for line in lines)
    return escaped


def _escape(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_CONSOLE_ESCAPES)
    if isinstance(value, dict):
        return {_escape(key): _escape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escape(item) for item in value]
    return value


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _add_ids,
]
_NATIVE: list[Processor] = [
    structlog.stdlib.filter_by_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]
