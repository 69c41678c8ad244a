"""Text messages by Twilio, against a stand-in on this machine that speaks its API."""

import base64
import json
import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from marketplace.config import Settings
from marketplace.outside.circuit_breaker import GuardedSms
from marketplace.outside.senders import OutboxSms
from marketplace.outside.twilio import MAX_ANSWER, TwilioSms, TwilioUnavailable
from marketplace.outside.wiring import make_sms
from marketplace.web.observability.logs import make_formatter
from tests.outside.smtp_server import certificate

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "token-of-the-tests"
# No digits alone: times and numbers of threads in the log may hold any.
CODE = "H7K-2QX"
TO, TEXT = "+4930901820", f"{CODE} is your code. رمزك ✓"


class Provider:
    """What was asked, and what is answered: `answer` is (status, body), `hang` keeps callers waiting.

    `pace` takes the body's place: "stall" sends none of what was announced, "drip" a byte at a time, "flood"
    as much as the caller takes; `left` is set when it has gone, `flooded` counts the bytes.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: tuple[int, bytes] = (201, json.dumps({"sid": "SM1", "status": "queued"}).encode())
        self.headers: dict[str, str] = {}
        self.hang: threading.Event | None = None
        self.pace = ""
        self.flooded = 0
        self.ending = threading.Event()
        self.left = threading.Event()
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: Provider

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.provider.requests.append(
            {
                "path": self.path,
                "auth": self.headers["Authorization"],
                "type": self.headers["Content-Type"],
                "form": {name: values[0] for name, values in parse_qs(body.decode("ascii")).items()},
            }
        )
        if self.provider.hang is not None:
            self.provider.hang.wait(30)
        status, answer = self.provider.answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(2**40 if self.provider.pace else len(answer)))
        for name, value in self.provider.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if self.provider.pace:
                self.go_on()
            else:
                self.wfile.write(answer)
        except OSError:
            self.close_connection = True  # the caller has read enough
            self.provider.left.set()

    def go_on(self) -> None:
        piece = {"stall": b"", "drip": b" ", "flood": b" " * 65536}[self.provider.pace]
        for _ in range(1000):  # ten seconds and more, or 64 MB
            if self.provider.ending.wait(0 if self.provider.pace == "flood" else 0.02):
                break
            self.provider.flooded += self.wfile.write(piece)
        self.close_connection = True


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    found = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"provider": found}))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    found.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        found.ending.set()
        if found.hang is not None:
            found.hang.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with serving() as found:
        yield found


@pytest.fixture
def sms(provider: Provider) -> Callable[..., TwilioSms]:
    def make(sender: str = "+15005550006", **options: Any) -> TwilioSms:
        return TwilioSms(ACCOUNT, TOKEN, sender, url=provider.url, **options)

    return make


def send(adapter: TwilioSms) -> None:
    adapter.send(to=TO, topic="sign_in", text=TEXT, data={"code": CODE})


def refusal(code: int, status: int = 400) -> tuple[int, bytes]:
    body = {"code": code, "message": f"The 'To' number {TO} is not valid", "status": status}
    return status, json.dumps(body).encode()


def test_what_is_asked(provider: Provider, sms: Callable[..., TwilioSms]) -> None:
    send(sms())
    [request] = provider.requests
    assert request["path"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert request["auth"] == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert request["type"] == "application/x-www-form-urlencoded"
    assert request["form"] == {"To": TO, "From": "+15005550006", "Body": TEXT}


@pytest.mark.parametrize(
    ("sender", "field"),
    [
        ("MyMarket", "From"),
        ("MGarage", "From"),
        ("MG0123456789abcdef0123456789abcdef", "MessagingServiceSid"),
    ],
)
def test_the_sender(provider: Provider, sms: Callable[..., TwilioSms], sender: str, field: str) -> None:
    send(sms(sender))
    form = provider.requests[0]["form"]
    assert form[field] == sender
    assert {"From", "MessagingServiceSid"} & set(form) == {field}


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 21211), (400, 21610), (400, 21614), (400, None), (401, 20003), (403, 20005), (404, 20404)],
)
def test_what_will_never_be_taken_is_done_with(
    provider: Provider,
    sms: Callable[..., TwilioSms],
    status: int,
    code: int | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider.answer = (status, b"not JSON") if code is None else refusal(code, status)
    with caplog.at_level(logging.INFO):
        send(sms())
    [record] = caplog.records
    said = vars(record)
    level = "ERROR" if status in {401, 403, 404} else "WARNING"
    assert (said["levelname"], said["topic"]) == (level, "sign_in")
    assert (said["status"], said["provider_code"]) == (status, code)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [302, 307, 308, 408, 429, 500, 502, 503, 504])
def test_what_may_be_taken_later_is_tried_again(
    provider: Provider, sms: Callable[..., TwilioSms], status: int
) -> None:
    provider.answer = refusal(20429, status)
    provider.headers = {"Location": f"{provider.url}/elsewhere"} if status < 400 else {}
    with pytest.raises(TwilioUnavailable, match=rf"{status} \(code 20429\)") as caught:
        send(sms())
    assert isinstance(caught.value, OSError)
    assert len(provider.requests) == 1, "once, and not elsewhere"


def test_nobody_there(provider: Provider) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    adapter = TwilioSms(ACCOUNT, TOKEN, "x", url=f"http://127.0.0.1:{port}")
    with pytest.raises(TwilioUnavailable):
        send(adapter)


def test_a_provider_that_hangs(provider: Provider, sms: Callable[..., TwilioSms]) -> None:
    provider.hang = threading.Event()
    started = time.monotonic()
    with pytest.raises(TwilioUnavailable):
        send(sms(timeout=0.1))
    assert time.monotonic() - started < 5


def test_what_was_taken_is_not_sent_again(provider: Provider, sms: Callable[..., TwilioSms]) -> None:
    """The status says that it was; what comes after it is not waited for."""
    provider.pace = "stall"
    send(sms())
    assert len(provider.requests) == 1


def test_a_refusal_that_drips(provider: Provider, sms: Callable[..., TwilioSms]) -> None:
    """Each byte comes in time, all of them never would."""
    provider.answer, provider.pace = (503, b""), "drip"
    started = time.monotonic()
    with pytest.raises(TwilioUnavailable, match="503"):
        send(sms(timeout=1))
    assert time.monotonic() - started < 8


def test_a_huge_answer_is_not_read(provider: Provider, sms: Callable[..., TwilioSms]) -> None:
    provider.answer, provider.pace = (500, b""), "flood"
    adapter = sms(timeout=10)
    with pytest.raises(TwilioUnavailable, match="500"):
        send(adapter)
    assert provider.left.wait(5)
    # What the sockets' buffers hold counts too.
    assert provider.flooded < MAX_ANSWER + 16 * 2**20
    provider.answer, provider.pace = (201, b"{}"), ""
    send(adapter)


@pytest.mark.parametrize(
    "body", [b"[]", b'{"code": "21211"}', b"\xff", b"[" * 60_000, b'{"code": 2' + b"1" * 9000 + b"}"]
)
def test_an_answer_that_makes_no_sense(
    provider: Provider, sms: Callable[..., TwilioSms], body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answer = (400, body)
    send(sms())
    [record] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert record.__dict__["provider_code"] is None


def test_certificates_are_checked(tmp_path: Path) -> None:
    pem, key = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem, key)
    with serving(tls) as provider:
        with pytest.raises(TwilioUnavailable, match="SSLError"):
            send(TwilioSms(ACCOUNT, TOKEN, "x", url=provider.url))
        assert provider.requests == [], "nothing is said to a stranger"
        trust = ssl.create_default_context(cafile=str(pem))
        send(TwilioSms(ACCOUNT, TOKEN, "x", url=provider.url, trust=trust))
        assert len(provider.requests) == 1


def test_nothing_secret_is_logged_or_told(
    provider: Provider, sms: Callable[..., TwilioSms], caplog: pytest.LogCaptureFixture
) -> None:
    """Of nobody: urllib3 logs too."""
    told = []
    with caplog.at_level(logging.DEBUG):
        for answer in (provider.answer, refusal(21211), refusal(20003, 401), (500, b""), refusal(20429, 429)):
            provider.answer = answer
            try:
                send(sms())
            except TwilioUnavailable as error:
                told.append("".join(traceback.format_exception(error)))
        for url in ("http://127.0.0.1:1", provider.url.replace("http", "https")):
            with pytest.raises(TwilioUnavailable) as caught:
                send(TwilioSms(ACCOUNT, TOKEN, "x", url=url))
            told.append("".join(traceback.format_exception(caught.value)))
    logged = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    ours = [record for record in caplog.records if record.name.startswith("marketplace")]
    basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert len(ours) > 1
    assert len(told) > 3
    for secret in (TO, TO[1:], CODE, "رمزك", TOKEN, basic):
        assert secret not in " ".join(logged + told)
    # urllib3's lines for debugging name the address, and with it the account; production has none of them.
    assert ACCOUNT not in " ".join([str(vars(record)) for record in ours] + told)


def test_what_the_log_says(
    provider: Provider, sms: Callable[..., TwilioSms], caplog: pytest.LogCaptureFixture
) -> None:
    """The code that an operator needs is not taken for a one-time code."""
    provider.answer = refusal(21610)
    send(sms())
    line = json.loads(make_formatter("json").format(caplog.records[-1]))
    assert (line["topic"], line["status"], line["provider_code"]) == ("sign_in", 400, 21610)
    assert line["level"] == "warning"


def test_the_settings_choose(provider: Provider, tmp_path: Path) -> None:
    settings = Settings(
        secret_key="s" * 40,
        instance_path=tmp_path,
        sms_backend="twilio",
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=TOKEN,
        sms_from="+15005550006",
        twilio_url=provider.url,
    )
    made = make_sms(settings)
    assert isinstance(made, GuardedSms), "put aside when it fails"
    send(made)
    assert provider.requests[0]["form"]["To"] == TO
    assert isinstance(make_sms(Settings(secret_key="s" * 40, instance_path=tmp_path)), OutboxSms)
