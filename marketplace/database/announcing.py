"""Tells the processes of one database, over LISTEN/NOTIFY, what they must no longer keep in memory."""

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
"""How often a listener asks the server whether it is still there."""
TRUST_SECONDS = 1.0
"""How long after the last answer this process believes that it hears of everything."""
RETRY_SECONDS = 0.2
CONNECT_SECONDS = 2
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class Announcer:
    """Says which topics have fallen, and hears it of other processes from `listen` on.

    What is kept in memory may be shown while `hears_all`. A connection that hangs ends it as well as one
    that breaks, since it is the server's answers that count; after a gap everything is forgotten.
    """

    def __init__(self, uow: SqlUnitOfWork, database_url: str) -> None:
        self._uow = uow
        self._dsn = libpq_dsn(database_url)
        self._name = secrets.token_hex(8)
        self._trusted_until = 0.0
        self._closing = threading.Event()

    def tell(self, topic: str) -> None:
        """Let the others forget `topic`, at the commit of the unit of work that is open, if one is."""
        with self._uow as uow:
            uow.session.execute(_NOTIFY, {"channel": CHANNEL, "payload": f"{self._name} {topic}"})

    def hears_all(self) -> bool:
        """Whether whatever others told up to TRUST_SECONDS ago has been forgotten here."""
        return monotonic() < self._trusted_until

    def listen(self, forget: Callable[[str], None], forget_all: Callable[[], None]) -> None:
        """Hear the others in a thread, and return. `forget` gets the topic."""
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
                # Said once an outage; one that began after a time of hearing is another.
                away = not self.hears_all()
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
                    # What was told before the question came with the answer, or before it.
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
