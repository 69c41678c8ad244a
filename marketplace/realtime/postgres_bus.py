"""The bus over PostgreSQL's LISTEN/NOTIFY, for installations without Redis."""

import selectors
from collections.abc import Iterator
from time import monotonic
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, make_dsn, parse_dsn

from marketplace.realtime.pubsub import CHANNEL, IDLE_SECONDS, TIMEOUT_SECONDS, BusError, BusManager

MAX_NOTIFY_BYTES = 7500
"""A notification holds 8,000 bytes; longer messages go through a table, and `#id` is sent."""
CONNECT_SECONDS = 2

_NOTIFY = "SELECT pg_notify(%s, %s)"
# One statement, so that the row is there when the notification arrives. New rows replace old ones.
_STORE_AND_NOTIFY = """
    WITH gone AS (
        DELETE FROM realtime_message WHERE id IN (
            SELECT id FROM realtime_message WHERE created_at < now() - interval '10 minutes'
            ORDER BY created_at LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED)),
    stored AS (INSERT INTO realtime_message (payload) VALUES (%s) RETURNING id)
    SELECT pg_notify(%s, '#' || id) FROM stored"""


class PostgresManager(BusManager):
    """One connection listens in a thread, one publishes.

    The publishing one is asynchronous, because libpq has no other way to give up on a hanging server
    in less than seconds. `dsn` is libpq's, not SQLAlchemy's.
    """

    name = "postgres"

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._publisher: Any = None

    def _send(self, message: str, deadline: float) -> None:
        try:
            if self._publisher is not None:
                try:
                    self._notify(message, deadline)
                except psycopg2.Error:
                    # The server was restarted since the last message.
                    self._disconnect_publisher()
                else:
                    return
            self._publisher = self._connect_publisher(deadline)
            self._notify(message, deadline)
        except psycopg2.Error as error:
            raise BusError(_first_line(error)) from error

    def _notify(self, message: str, deadline: float) -> None:
        payload = message.encode()
        cursor = self._publisher.cursor()
        if len(payload) > MAX_NOTIFY_BYTES:
            cursor.execute(_STORE_AND_NOTIFY, (payload, CHANNEL))
        else:
            cursor.execute(_NOTIFY, (CHANNEL, message))
        _wait(self._publisher, deadline)

    def _connect_publisher(self, deadline: float) -> Any:
        # Nothing here needs to survive a crash of the server: do not wait for the disk.
        limit = int(TIMEOUT_SECONDS * 1000)
        given = parse_dsn(self._dsn).get("options", "")
        options = f"{given} -c synchronous_commit=off -c statement_timeout={limit}"
        connection = psycopg2.connect(
            self._dsn, options=options.strip(), application_name="marketplace-bus-publish", async_=True
        )
        try:
            _wait(connection, deadline)
        except BaseException:
            connection.close()
            raise
        return connection

    def _disconnect_publisher(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None

    def _receive(self) -> Iterator[str]:
        try:
            connection = psycopg2.connect(
                make_dsn(
                    self._dsn,
                    application_name="marketplace-bus-listen",
                    connect_timeout=CONNECT_SECONDS,
                    keepalives_idle=10,
                    keepalives_interval=5,
                    keepalives_count=3,
                )
            )
        except psycopg2.Error as error:
            raise BusError(_first_line(error)) from error
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'LISTEN "{CHANNEL}"')
            self._subscribed()
            # Not select(): it refuses file descriptors above 1,023, and each socket of a client is one.
            with selectors.DefaultSelector() as selector:
                selector.register(connection.fileno(), selectors.EVENT_READ)
                while not self._closing.is_set():
                    if selector.select(IDLE_SECONDS):
                        connection.poll()
                        yield from self._notified(connection)
        except psycopg2.Error as error:
            raise BusError(_first_line(error)) from error
        finally:
            connection.close()

    def _notified(self, connection: Any) -> Iterator[str]:
        while connection.notifies:
            payload: str = connection.notifies.pop(0).payload
            if not payload.startswith("#"):
                yield payload
                continue
            with connection.cursor() as cursor:
                cursor.execute("SELECT payload FROM realtime_message WHERE id = %s", (int(payload[1:]),))
                row = cursor.fetchone()
            if row is None:
                raise BusError("a stored message is gone")
            yield bytes(row[0]).decode()


def _wait(connection: Any, deadline: float) -> None:
    """Wait until the asynchronous `connection` has finished. Raises BusError at `deadline`."""
    with selectors.DefaultSelector() as selector:
        while (state := connection.poll()) != POLL_OK:
            # Registered again each time: libpq changes its socket when it tries the next address.
            event = selectors.EVENT_READ if state == POLL_READ else selectors.EVENT_WRITE
            key = selector.register(connection.fileno(), event)
            ready = selector.select(max(0.0, deadline - monotonic()))
            selector.unregister(key.fileobj)
            if not ready:
                raise BusError(f"no answer within {TIMEOUT_SECONDS} s")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
