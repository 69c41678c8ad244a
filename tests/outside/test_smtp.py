"""Mail by SMTP, against a stand-in server."""

import logging
import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from marketplace.outside.senders import SmtpMailer
from tests.outside.smtp_server import StandIn, certificate

SENDER = "Marketplace <no-reply@market.example>"
MESSAGE: dict[str, Any] = {
    "to": "ann@example.org",
    "topic": "verify_email",
    "subject": "Grüße",
    "text": "Your token: s3cr3t-t0ken\n",
    "data": {"token": "s3cr3t-t0ken"},
}

Serve = Callable[..., StandIn]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_tls(pem: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pem)
    return context


@pytest.fixture
def trust(pem: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pem[0]))


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start stand-ins; they end with the test."""
    running: list[tuple[StandIn, threading.Thread]] = []

    def start(**options: Any) -> StandIn:
        server = StandIn(**options)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_plain_server(serve: Serve) -> None:
    server = serve()
    SmtpMailer(f"smtp://127.0.0.1:{server.port}", SENDER).send(**MESSAGE)
    (raw,) = server.seen.messages
    mail = message_from_string(raw, policy=policy.default)
    assert (mail["To"], mail["From"], mail["Subject"]) == ("ann@example.org", SENDER, "Grüße")
    assert mail["X-Topic"] == "verify_email"
    assert mail["Message-ID"].endswith("@market.example>")
    assert mail["Date"]
    body = mail.get_body()
    assert body is not None
    assert body.get_content().splitlines() == MESSAGE["text"].splitlines()
    assert "AUTH" not in server.seen.verbs()


def test_starttls_comes_before_everything(
    serve: Serve, server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    server = serve(starttls=server_tls)
    url = f"smtp://ann%40market:p%3Ass@127.0.0.1:{server.port}"
    SmtpMailer(url, SENDER, trust=trust).send(**MESSAGE)
    assert len(server.seen.messages) == 1
    assert server.seen.encrypted("AUTH")
    in_the_clear = [command.split()[0] for command, encrypted in server.seen.commands if not encrypted]
    assert [verb.upper() for verb in in_the_clear] == ["EHLO", "STARTTLS"]


def test_smtps(serve: Serve, server_tls: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    server = serve(implicit=server_tls)
    SmtpMailer(f"smtps://ann:pass@127.0.0.1:{server.port}", SENDER, trust=trust).send(**MESSAGE)
    assert len(server.seen.messages) == 1
    assert all(encrypted for _, encrypted in server.seen.commands)


def test_no_password_in_the_clear(serve: Serve) -> None:
    server = serve()
    with pytest.raises(smtplib.SMTPNotSupportedError):
        SmtpMailer(f"smtp://ann:pass@127.0.0.1:{server.port}", SENDER).send(**MESSAGE)
    assert "AUTH" not in server.seen.verbs()
    assert server.seen.messages == []


def test_nothing_is_sent_in_the_clear_where_starttls_is_wanted(
    serve: Serve, server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    plain, able = serve(), serve(starttls=server_tls)
    with pytest.raises(smtplib.SMTPNotSupportedError):
        SmtpMailer(f"smtp+starttls://127.0.0.1:{plain.port}", SENDER, trust=trust).send(**MESSAGE)
    SmtpMailer(f"smtp+starttls://127.0.0.1:{able.port}", SENDER, trust=trust).send(**MESSAGE)
    assert (plain.seen.messages, len(able.seen.messages)) == ([], 1)
    assert able.seen.encrypted("mail")


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_a_certificate_that_nobody_trusts(serve: Serve, server_tls: ssl.SSLContext, kind: str) -> None:
    server = serve(**{kind: server_tls})
    scheme = "smtps" if kind == "implicit" else "smtp"
    with pytest.raises(ssl.SSLCertVerificationError):
        SmtpMailer(f"{scheme}://127.0.0.1:{server.port}", SENDER).send(**MESSAGE)
    assert server.seen.messages == []


def test_a_server_that_says_nothing(serve: Serve) -> None:
    server = serve(silent=True)
    started = time.monotonic()
    with pytest.raises(OSError, match="timed out"):
        SmtpMailer(f"smtp://127.0.0.1:{server.port}", SENDER, timeout=0.2).send(**MESSAGE)
    assert time.monotonic() - started < 5


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(OSError, match="refused"):
        SmtpMailer("smtp://127.0.0.1:1", SENDER).send(**MESSAGE)


def test_a_mailbox_that_is_not_there(serve: Serve) -> None:
    server = serve(refuse=True)
    with pytest.raises(OSError, match="no such mailbox"):
        SmtpMailer(f"smtp://127.0.0.1:{server.port}", SENDER).send(**MESSAGE)


def test_no_header_can_be_added(serve: Serve) -> None:
    server = serve()
    with pytest.raises(ValueError, match="linefeed"):
        SmtpMailer(f"smtp://127.0.0.1:{server.port}", SENDER).send(
            **MESSAGE | {"subject": "Hello\r\nBcc: eve@example.org"}
        )
    assert server.seen.messages == []


def test_the_log_holds_no_secret(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    SmtpMailer(f"smtp://127.0.0.1:{serve().port}", SENDER).send(**MESSAGE)
    lines = [str(vars(record)) for record in caplog.records]
    assert any("mail sent" in line for line in lines)
    assert not any("s3cr3t" in line or "ann@example.org" in line for line in lines)


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_server_that_drips_holds_nobody(
    serve: Serve, server_tls: ssl.SSLContext, trust: ssl.SSLContext, *, encrypted: bool
) -> None:
    """Each byte begins smtplib's timeout anew; the whole mail has one of its own."""
    server = serve(drips=True, implicit=server_tls if encrypted else None)
    scheme, host = ("smtps", "localhost") if encrypted else ("smtp", "127.0.0.1")
    mailer = SmtpMailer(f"{scheme}://{host}:{server.port}", SENDER, timeout=20, total=0.5, trust=trust)
    started = time.monotonic()
    with pytest.raises(OSError):
        mailer.send(**MESSAGE)
    assert time.monotonic() - started < 15


def test_a_mail_with_a_page_has_both(serve: Serve) -> None:
    server = serve()
    SmtpMailer(f"smtp://127.0.0.1:{server.port}", SENDER).send(
        **MESSAGE, html="<p>Your token: s3cr3t-t0ken</p>"
    )
    (raw,) = server.seen.messages
    mail = message_from_string(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"], "readers show the last one that they can"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == MESSAGE["text"].splitlines()
