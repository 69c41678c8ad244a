"""What the doctor sees of what the program depends on: PostgreSQL, Redis, mail, storage."""

import os
import secrets
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg2
import redis
import urllib3
from redis.backoff import NoBackoff
from redis.retry import Retry
from urllib3.exceptions import HTTPError

from marketplace.config import Settings
from marketplace.database.dsn import libpq_dsn
from marketplace.database.production_checks import connections, find_leaks, find_unsafe
from marketplace.doctor.findings import Finding, fail, ok, skip, warn
from marketplace.embedded.places import home_of
from marketplace.embedded.server import EmbeddedPostgresError
from marketplace.embedded.users import ensure_running
from marketplace.kernel.errors import StorageFull, Unavailable
from marketplace.outside.senders import SmtpMailer
from marketplace.outside.storage import make_store

SECONDS = 4
"""The limit of one wait for a service."""
MIN_POSTGRES = 15
GOOD_SKEW, MAX_SKEW = 1.0, 30.0
"""Seconds between the clocks of the program and the database."""
FIRST = skip("not looked at: the database comes first")
_ROOM = """SELECT current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0),
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"""


class NoDatabase(Exception):
    """There is none, or it does not answer; `look_at_database` says so."""


def database_url(settings: Settings) -> str | None:
    """Where the database is; None when that is the embedded one, and there is none yet. Starts it otherwise.

    Raises EmbeddedPostgresError.
    """
    if settings.database_url is not None:
        return settings.database_url
    if not (home_of(settings.instance_path) / "data").exists():
        return None
    return ensure_running(settings.instance_path)


@contextmanager
def cursor_of(url: str) -> Iterator[Any]:
    """A cursor that waits for nothing longer than SECONDS. Raises psycopg2.Error."""
    options = f"-c statement_timeout={SECONDS * 1000} -c lock_timeout={SECONDS * 1000}"
    connection = psycopg2.connect(
        libpq_dsn(url), connect_timeout=SECONDS, options=options, application_name="marketplace-doctor"
    )
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _ask(settings: Settings, query: str) -> Any:
    """The one row of an answer. Raises NoDatabase."""
    try:
        url = database_url(settings)
        if url is None:
            raise NoDatabase
        with cursor_of(url) as cursor:
            cursor.execute(query)
            return cursor.fetchone()
    except (EmbeddedPostgresError, psycopg2.Error) as error:
        raise NoDatabase from error


def look_at_database(settings: Settings) -> Finding:
    """Whether PostgreSQL answers, and which it is."""
    try:
        url = database_url(settings)
        if url is None:
            return warn(
                "there is no embedded database yet", "run `make run`, which makes it, or set DATABASE_URL"
            )
        with cursor_of(url) as cursor:
            cursor.execute(
                "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
            )
            number, version = cursor.fetchone()
    except EmbeddedPostgresError as error:
        return fail(str(error), "see the log that it names, or set DATABASE_URL")
    except psycopg2.Error as error:
        return fail(f"does not let us in: {_first_line(error)}", "start PostgreSQL, or correct DATABASE_URL")
    kind = "embedded" if settings.database_url is None else "yours"
    said = f"PostgreSQL {version}, {kind}"
    if number // 10_000 < MIN_POSTGRES:
        return fail(said, f"upgrade it to {MIN_POSTGRES} or later")
    return ok(said)


def look_at_connections(settings: Settings) -> Finding:
    """Whether the pools of a server and a worker fit into `max_connections`."""
    try:
        room, used = _ask(settings, _ROOM)
    except NoDatabase:
        return FIRST
    server = connections(settings)
    worker = 0 if settings.worker_inside else server // settings.web_concurrency
    said = f"a server takes up to {server}, a worker {worker}; max_connections leaves {room}, {used} are open"
    if server + worker > room:
        return warn(said, "lower DB_POOL_SIZE, DB_MAX_OVERFLOW or WEB_CONCURRENCY, or raise max_connections")
    return ok(said)


def look_at_clock(settings: Settings) -> Finding:
    """How far the clocks of this machine and of the database are apart."""
    try:
        began = monotonic()
        (there,) = _ask(settings, "SELECT clock_timestamp()")
        took = monotonic() - began
    except NoDatabase:
        return FIRST
    apart = abs((datetime.now(UTC) - there).total_seconds() - took / 2)
    said = f"{apart:.2f} s apart from the database's"
    if apart > MAX_SKEW:
        return fail(said, "set both by NTP: tokens and log-ins end by the database's clock")
    if apart > GOOD_SKEW:
        return warn(said, "set both by NTP")
    return ok(said)


def look_at_safety(settings: Settings) -> Finding:
    """What a production server would refuse of the database, and what its log would tell."""
    if not settings.is_production:
        return skip("looked at in production")
    try:
        problems, leaks = find_unsafe(settings), find_leaks(settings)
    except psycopg2.Error:
        return FIRST
    if problems:
        return fail("; ".join(problems), "a server refuses to start until then")
    if leaks:
        return warn(f"PostgreSQL logs values: {', '.join(leaks)}", "see docs/operators.md, PostgreSQL's log")
    return ok("a plain role, no accounts of the demo, no values in PostgreSQL's log")


def look_at_server(settings: Settings) -> Finding:
    """Whether our server answers."""
    try:
        answer = urllib3.request("GET", f"{settings.local_url}/health/ready", timeout=SECONDS, retries=False)
    except HTTPError:
        return skip(f"nothing answers at {settings.local_url}")
    if answer.status == HTTPStatus.OK:
        return ok(f"answers at {settings.local_url}, and is ready")
    return warn(f"answers {answer.status} at {settings.local_url}", "see the other lines, and its log")


def look_at_redis(settings: Settings) -> Finding:
    """Whether Redis answers."""
    if settings.redis_url is None:
        return skip("REDIS_URL is not set: limits and cache are those of one process")
    client = redis.Redis.from_url(
        settings.redis_url, socket_timeout=1.0, socket_connect_timeout=1.0, retry=Retry(NoBackoff(), 0)
    )
    try:
        version = client.info("server").get("redis_version", "of unknown version")
    except redis.AuthenticationError:
        return fail("refuses our password", "correct REDIS_URL")
    except redis.RedisError as error:
        return fail(f"does not answer: {type(error).__name__}", "start it, or unset REDIS_URL")
    finally:
        client.close()
    return ok(f"Redis {version}")


def look_at_mail(settings: Settings) -> Finding:
    """Whether the mail server lets us in; nothing is sent."""
    if settings.smtp_url is None:
        return skip(f"SMTP_URL is not set: mails are files in {settings.instance_path / 'outbox'}")
    mailer = SmtpMailer(settings.smtp_url, settings.mail_from, timeout=SECONDS, total=SECONDS)
    try:
        mailer.check()
    except smtplib.SMTPAuthenticationError:
        return fail("the mail server refuses our name and password", "correct SMTP_URL")
    except OSError as error:  # as smtplib's errors are, and those of TLS
        reason = error.strerror or type(error).__name__
        return fail(f"the mail server does not let us in: {reason}", "start it, or correct SMTP_URL")
    return ok("the mail server lets us in")


def look_at_storage(settings: Settings) -> Finding:
    """Whether a file can be stored, read and deleted."""
    key, content = f"doctor/{secrets.token_hex(8)}.txt", b"doctor"
    where = "STORAGE_URL" if settings.storage_url else str(settings.instance_path / "uploads")
    try:
        store = make_store(settings)
        store.put(key, content, "text/plain")
        same = store.get(key) == content
        store.delete(key)
    except StorageFull:
        return fail(f"no room in {where}", "make room")
    except Unavailable:
        return fail(f"cannot write to {where}", "see that it is there, and that the program's user may write")
    if not same:
        return fail(f"{where} gives back something else than it got", "see what answers there")
    return ok(f"files can be stored, read and deleted in {where}")


def look_at_instance(folder: Path) -> Finding:
    """Whether the instance folder can be written."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return fail(f"{there} cannot be written", "give it to the program's user, or set INSTANCE_PATH")
    return ok(str(folder))


def _first_line(error: Exception) -> str:
    # libpq names host, port and user, and no password.
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
