"""Senders: a folder of JSON files for development, SMTP for production."""

import json
import logging
import smtplib
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from socket import SHUT_RDWR, socket
from threading import Timer
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from marketplace.blueprints.integrations.private_folder import SUFFIX, make_private, whole_file

log = logging.getLogger(__name__)

SMTP_TIMEOUT_SECONDS = 10
SMTP_TOTAL_SECONDS = 30


KEPT_FOR = timedelta(days=7)
MAX_MESSAGES = 10_000
"""Of the outbox folder, which is for development and looked at by people: what it holds, tokens among it, is
neither kept for ever nor let grow without end.
"""


class OutboxFolder:
    """Each message is one JSON file: `to, channel, topic, subject, text, data` and `created_at`.

    The names sort by time. A file appears whole or not at all: it is written aside, synced and renamed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(
        self, channel: str, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str]
    ) -> Path:
        """Store one message; returns its path."""
        make_private(self._folder)
        name = f"{time.time_ns():020d}-{channel}-{uuid4().hex[:8]}.json"
        message = {
            "to": to,
            "channel": channel,
            "topic": topic,
            "subject": subject,
            "text": text,
            "data": dict(data),
            "created_at": datetime.now(UTC).isoformat(),
        }
        path = self._folder / name
        with whole_file(path) as file:
            file.write(json.dumps(message, ensure_ascii=False, indent=1).encode())
        # What the message says stays out of the log: it may hold a token.
        log.info("message in the outbox", extra={"channel": channel, "topic": topic, "file": name})
        return path

    def prune(self, now: datetime) -> int:
        """Remove messages that are older than KEPT_FOR, or that MAX_MESSAGES newer ones followed, and what
        was left behind half written; returns how many. Whoever prunes too does no harm.
        """
        if not self._folder.exists():
            return 0
        # An earlier version left it open to everybody on the machine.
        make_private(self._folder)
        oldest = (now - KEPT_FOR).timestamp()
        whole = sorted((path for path in self._folder.iterdir() if path.suffix == ".json"), reverse=True)
        gone = [path for place, path in enumerate(whole) if place >= MAX_MESSAGES or _changed(path) < oldest]
        gone += [path for path in self._folder.glob(f".*{SUFFIX}") if _changed(path) < oldest]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)


def _changed(path: Path) -> float:
    """Seconds since the epoch; the present for one that is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


class OutboxMailer:
    """Mail into the outbox folder."""

    def __init__(self, outbox: OutboxFolder) -> None:
        self._outbox = outbox

    def send(self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str]) -> None:
        """Store the mail."""
        self._outbox.write("email", to=to, topic=topic, subject=subject, text=text, data=data)


class OutboxSms:
    """Text messages into the outbox folder."""

    def __init__(self, outbox: OutboxFolder) -> None:
        self._outbox = outbox

    def send(self, *, to: str, topic: str, text: str, data: Mapping[str, str]) -> None:
        """Store the text message."""
        self._outbox.write("sms", to=to, topic=topic, subject="", text=text, data=data)

    def ready(self) -> None:
        """A folder always is."""


class SmtpMailer:
    """Mail by SMTP: `smtps://user:password@host:port`, `smtp+starttls://...` (nothing is sent without it) or
    `smtp://...` (STARTTLS when offered, and always before a password is sent).

    `timeout` is in seconds, for each piece that the server sends, `total` for the whole mail: a server that
    drips holds nobody. `trust` says whose certificates count, the system's unless given.
    """

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        timeout: float = SMTP_TIMEOUT_SECONDS,
        total: float = SMTP_TOTAL_SECONDS,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._must_start_tls = parts.scheme == "smtp+starttls"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._tls else 587 if self._must_start_tls else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._timeout = timeout
        self._total = total
        self._trust = trust or ssl.create_default_context()

    def send(self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str]) -> None:  # noqa: ARG002 - data is for programs that read the outbox
        """Hand the mail to the server. Raises OSError (smtplib's errors are) when it is not taken."""
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2].rstrip("> ") or None)
        message["X-Topic"] = topic
        message.set_content(text)
        with self._connect() as server:
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)
        log.info("mail sent", extra={"topic": topic})

    def _connect(self) -> smtplib.SMTP:
        ends = time.monotonic() + self._total
        if self._tls:
            return _SmtpOverTls(ends, self._host, self._port, timeout=self._timeout, context=self._trust)
        server = _Smtp(ends, self._host, self._port, timeout=self._timeout)
        try:
            self._secure(server)
        except BaseException:
            server.close()
            raise
        return server

    def _secure(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=self._trust)
        elif self._must_start_tls:
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS")
        elif self._user:
            raise smtplib.SMTPNotSupportedError("without STARTTLS no password is sent")


class _Deadline:
    """Mixed into smtplib's clients: no answer is waited for beyond `ends` (monotonic seconds). Their own
    timeout begins anew with each byte.
    """

    sock: Any

    def __init__(self, ends: float, *args: Any, **kwargs: Any) -> None:
        self._ends = ends
        super().__init__(*args, **kwargs)

    def getreply(self) -> tuple[int, bytes]:
        """Smtplib's one place that reads."""
        timer = Timer(max(0.0, self._ends - time.monotonic()), _hang_up, (self.sock,))
        timer.daemon = True
        timer.start()
        try:
            found: tuple[int, bytes] = super().getreply()  # type: ignore[misc]  # of the class that it is mixed into
        finally:
            timer.cancel()
        return found


def _hang_up(sock: Any) -> None:
    # OSError: it has ended meanwhile.
    with suppress(OSError):
        # That of the base class: the one of TLS would leave whoever reads without its encryption.
        socket.shutdown(sock, SHUT_RDWR)


class _Smtp(_Deadline, smtplib.SMTP):
    pass


class _SmtpOverTls(_Deadline, smtplib.SMTP_SSL):
    pass
