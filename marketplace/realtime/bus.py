"""The bus between processes: Redis when there is one, else PostgreSQL's LISTEN/NOTIFY."""

import json
import logging
import select
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg2
from socketio import PubSubManager, RedisManager

from marketplace.database.dsn import libpq_dsn

log = logging.getLogger(__name__)

CHANNEL = "realtime"
MAX_NOTIFY_BYTES = 7500
"""A notification ends at 8,000 bytes; longer messages go through a table, and their id is sent."""
RETRY_SECONDS = 1.0
TIMEOUT_SECONDS = 0.5


def build_manager(database_url: str, redis_url: str | None) -> PubSubManager:
    """The client manager for python-socketio."""
    if redis_url is not None:
        options = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
        return RedisManager(redis_url, redis_options=options)
    return PostgresManager(libpq_dsn(database_url))


class PostgresManager(PubSubManager):
    """Sockets of this process are served at once; the others hear of it by NOTIFY.

    One connection listens, one publishes. While the database is away, publishing fails fast and is
    logged: the messages themselves are stored, and clients catch up by `sync`.
    """

    name = "postgres"

    def __init__(self, dsn: str) -> None:
        super().__init__(channel=CHANNEL)
        self._dsn = dsn
        self._lock = threading.Lock()
        self._publisher: Any = None
        self._retry_at = 0.0

    def _publish(self, data: dict[str, Any]) -> None:
        message = json.dumps(data, separators=(",", ":"))
        with self._lock:
            if self._publisher is None and time.monotonic() < self._retry_at:
                return
            try:
                if self._publisher is None:
                    self._publisher = self._connect("-c statement_timeout=500 -c lock_timeout=500")
                self._notify(message)
            except psycopg2.Error as error:
                log.warning("realtime bus is away", extra={"reason": str(error).splitlines()[0]})
                self._close_publisher()
                self._retry_at = time.monotonic() + RETRY_SECONDS

    def _notify(self, message: str) -> None:
        with self._publisher.cursor() as cursor:
            if len(message.encode()) > MAX_NOTIFY_BYTES:
                statement = "INSERT INTO realtime_message (payload) VALUES (%s) RETURNING id"
                cursor.execute(statement, (message.encode(),))
                message = f"#{cursor.fetchone()[0]}"
            cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, message))

    def _close_publisher(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None

    def _connect(self, options: str) -> Any:
        connection = psycopg2.connect(
            self._dsn, connect_timeout=2, options=options, application_name="marketplace-bus"
        )
        connection.autocommit = True
        return connection

    def _listen(self) -> Iterator[str]:
        """Every message, for ever; reconnects by itself."""
        wait = threading.Event()
        while True:
            try:
                yield from self._listen_once()
            except psycopg2.Error as error:
                log.warning("realtime bus lost", extra={"reason": str(error).splitlines()[:1]})
                wait.wait(RETRY_SECONDS)

    def _listen_once(self) -> Iterator[str]:
        connection = self._connect("")
        try:
            with connection.cursor() as cursor:
                cursor.execute(f'LISTEN "{CHANNEL}"')
            while True:
                select.select([connection], [], [], 30)
                connection.poll()
                while connection.notifies:
                    payload = connection.notifies.pop(0).payload
                    message = self._stored(connection, payload) if payload.startswith("#") else payload
                    if message is not None:
                        yield message
        finally:
            connection.close()

    @staticmethod
    def _stored(connection: Any, reference: str) -> str | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT payload FROM realtime_message WHERE id = %s", (int(reference[1:]),))
            row = cursor.fetchone()
        return None if row is None else bytes(row[0]).decode()
