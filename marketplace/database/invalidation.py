"""Cache invalidation across processes, over LISTEN/NOTIFY of the database that they share."""

import logging
import secrets
import selectors
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import psycopg2
from psycopg2.extensions import make_dsn
from sqlalchemy import text

from marketplace.database.dsn import libpq_dsn
from marketplace.database.unit_of_work import SqlUnitOfWork

log = logging.getLogger(__name__)

CHANNEL = "forget"
ASK_SECONDS = 0.4
"""How often a listener checks that the server still answers."""
TRUST_SECONDS = 1.0
"""How long after the server's last answer this process trusts that it has received everything."""
RETRY_SECONDS = 0.2
CONNECT_SECONDS = 2
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class InvalidationBus:
    """Publishes dropped topics and, once it listens, receives those that other processes drop.

    Entries in memory may be shown while `is_current()`. A connection that hangs ends this just as a broken
    one does, since only answers of the server count; after a gap everything is forgotten.
    """

    def __init__(self, uow: SqlUnitOfWork, database_url: str) -> None:
        self._uow = uow
        self._dsn = libpq_dsn(database_url)
        self._name = secrets.token_hex(8)
        self._trusted_until = 0.0
        self._closing = threading.Event()

    def publish(self, topic: str) -> None:
        """Tell the other processes to forget `topic`, at the commit of the unit of work if one is open."""
        with self._uow as uow:
            uow.session.execute(_NOTIFY, {"channel": CHANNEL, "payload": f"{self._name} {topic}"})

    def is_current(self) -> bool:
        """Whether every topic published up to TRUST_SECONDS ago has been forgotten here."""
        return monotonic() < self._trusted_until

    def listen(self, forget: Callable[[str], None], forget_all: Callable[[], None]) -> None:
        """Start a thread that listens to the other processes, and return. `forget` gets the topic."""
        arguments = (forget, forget_all)
        threading.Thread(target=self._listen, args=arguments, name="announcements", daemon=True).start()

    def close(self) -> None:
        """Stop listening; for the end of the process."""
        self._closing.set()

    def _listen(self, forget: Callable[[str], None], forget_all: Callable[[], None]) -> None:
        away = False
        while not self._closing.is_set():
            try:
                self._listen_once(forget, forget_all)
            except psycopg2.Error as error:
                if not away:
                    log.warning("announcements are not heard", extra={"reason": type(error).__name__})
                # Logged once per outage; one that begins after the connection worked is a new outage.
                away = not self.is_current()
            self._trusted_until = 0.0
            self._closing.wait(RETRY_SECONDS)

    def _listen_once(self, forget: Callable[[str], None], forget_all: Callable[[], None]) -> None:
        connection = psycopg2.connect(
            make_dsn(
                self._dsn,
                application_name="marketplace-announcements",
                connect_timeout=CONNECT_SECONDS,
                tcp_user_timeout=CONNECT_SECONDS * 1000,
            )
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor, selectors.DefaultSelector() as selector:
                cursor.execute(f'LISTEN "{CHANNEL}"')
                forget_all()
                # Not select(): a process with a thousand sockets has file numbers beyond its limit.
                selector.register(connection, selectors.EVENT_READ)
                while not self._closing.is_set():
                    asked_at = monotonic()
                    cursor.execute("SELECT 1")
                    self._forget_told(connection, forget)
                    # Notifications sent before the query arrived with its answer, or earlier.
                    self._trusted_until = asked_at + TRUST_SECONDS
                    if selector.select(ASK_SECONDS):
                        connection.poll()
                        self._forget_told(connection, forget)
        finally:
            connection.close()

    def _forget_told(self, connection: Any, forget: Callable[[str], None]) -> None:
        while connection.notifies:
            teller, _, topic = connection.notifies.pop(0).payload.partition(" ")
            if teller != self._name:
                forget(topic)
