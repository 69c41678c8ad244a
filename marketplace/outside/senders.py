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

from marketplace.outside.private_folder import SUFFIX, make_private, whole_file

log = logging.getLogger(__name__)

SMTP_TIMEOUT_SECONDS = 10
SMTP_TOTAL_SECONDS = 30


KEPT_FOR = timedelta(days=7)
MAX_MESSAGES = 10_000
"""Limits of the outbox folder, which is for people during development: its messages, some with tokens, are
neither kept for ever nor unlimited in number.
"""


class OutboxFolder:
    """Each message is one JSON file: `to, channel, topic, subject, text, data` and `created_at`.

    The names sort by time. A file appears whole or not at all: it is written under another name, synced and
    renamed.
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
        # The text of the message stays out of the log: it may hold a token.
        log.info("message in the outbox", extra={"channel": channel, "topic": topic, "file": name})
        return path

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The newest messages, newest first. Files that hold none are passed over."""
        try:
            paths = sorted((path for path in self._folder.iterdir() if path.suffix == ".json"), reverse=True)
        except FileNotFoundError:
            return []
        found = []
        for path in paths[:limit]:
            # Removed meanwhile, or not ours.
            with suppress(OSError, ValueError):
                message = json.loads(path.read_bytes())
                if isinstance(message, dict):
                    found.append(message)
        return found

    def prune(self, now: datetime) -> int:
        """Remove messages that are older than KEPT_FOR or beyond the newest MAX_MESSAGES, and partly
        written files left behind; returns how many. Concurrent calls do no harm.
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
    """The time of the last change in seconds since the epoch; now for a file that is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


class OutboxMailer:
    """Mail into the outbox folder."""

    def __init__(self, outbox: OutboxFolder) -> None:
        self._outbox = outbox

    def send(
        self,
        *,
        to: str,
        topic: str,
        subject: str,
        text: str,
        data: Mapping[str, str],
        html: str = "",  # noqa: ARG002 - the text says the same
    ) -> None:
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
        """A folder is always ready."""


class SmtpMailer:
    """Mail by SMTP: `smtps://user:password@host:port`, `smtp+starttls://...` (nothing is sent without it) or
    `smtp://...` (STARTTLS when offered, and always before a password is sent).

    `timeout` is in seconds, for each piece that the server sends, `total` for the whole mail: a server that
    sends slowly blocks nobody. `trust` is the set of trusted certificates, the system's by default.
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

    def send(
        self,
        *,
        to: str,
        topic: str,
        subject: str,
        text: str,
        data: Mapping[str, str],  # noqa: ARG002 - for programs that read the outbox
        html: str = "",
    ) -> None:
        """Pass the mail to the server. Raises OSError (as smtplib's errors are) when it is not accepted."""
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2].rstrip("> ") or None)
        message["X-Topic"] = topic
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        with self._connect() as server:
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)
        log.info("mail sent", extra={"topic": topic})

    def check(self) -> None:
        """See whether the server lets us in; nothing is sent. Raises OSError, as `send`."""
        with self._connect() as server:
            server.ehlo_or_helo_if_needed()
            if self._user:
                server.login(self._user, self._password)

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
    """Mixed into smtplib's clients: they wait for no answer beyond `ends` (monotonic seconds). Their own
    timeout restarts with each byte.
    """

    sock: Any

    def __init__(self, ends: float, *args: Any, **kwargs: Any) -> None:
        self._ends = ends
        super().__init__(*args, **kwargs)

    def getreply(self) -> tuple[int, bytes]:
        """The only method of smtplib that reads."""
        timer = Timer(max(0.0, self._ends - time.monotonic()), _hang_up, (self.sock,))
        timer.daemon = True
        timer.start()
        try:
            found: tuple[int, bytes] = super().getreply()  # type: ignore[misc]  # of the class that it is mixed into
        finally:
            timer.cancel()
        return found


def _hang_up(sock: Any) -> None:
    # OSError: the connection has ended meanwhile.
    with suppress(OSError):
        # The base class's method: that of TLS would remove the encryption under a thread that reads.
        socket.shutdown(sock, SHUT_RDWR)


class _Smtp(_Deadline, smtplib.SMTP):
    pass


class _SmtpOverTls(_Deadline, smtplib.SMTP_SSL):
    pass
