"""Text messages by Twilio, against a stand-in on this machine that speaks its API."""

import base64
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from marketplace.blueprints.integrations.adapters import OutboxSms
from marketplace.blueprints.integrations.twilio import MAX_ANSWER, TwilioSms, TwilioUnavailable
from marketplace.blueprints.integrations.wiring import make_sms
from marketplace.config import Settings

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "token-of-the-tests"
TO, TEXT = "+4930901820", "123456 is your code. رمزك ✓"


class Provider:
    """What was asked, and what is answered: `answer` is (status, body), `hang` keeps callers waiting."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: tuple[int, bytes] = (201, json.dumps({"sid": "SM1", "status": "queued"}).encode())
        self.headers: dict[str, str] = {}
        self.hang: threading.Event | None = None
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
        self.send_header("Content-Length", str(len(answer)))
        for name, value in self.provider.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(answer)
        except OSError:
            self.close_connection = True  # the caller has read enough


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"provider": found}))
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield found
    if found.hang is not None:
        found.hang.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sms(provider: Provider) -> Callable[..., TwilioSms]:
    def make(sender: str = "+15005550006", **options: Any) -> TwilioSms:
        return TwilioSms(ACCOUNT, TOKEN, sender, url=provider.url, **options)

    return make


def send(adapter: TwilioSms) -> None:
    adapter.send(to=TO, topic="sign_in", text=TEXT, data={"code": "123456"})


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
    ("sender", "field"), [("MyMarket", "From"), ("MG0123456789abcdef0123456789abcdef", "MessagingServiceSid")]
)
def test_the_sender(provider: Provider, sms: Callable[..., TwilioSms], sender: str, field: str) -> None:
    send(sms(sender))
    form = provider.requests[0]["form"]
    assert form[field] == sender
    assert {"From", "MessagingServiceSid"} & set(form) == {field}


@pytest.mark.parametrize("code", [21211, 21610, 21614, None])
def test_what_will_never_be_taken_is_done_with(
    provider: Provider, sms: Callable[..., TwilioSms], code: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answer = (400, b"not JSON") if code is None else refusal(code)
    with caplog.at_level(logging.INFO):
        send(sms())
    [record] = caplog.records
    assert (record.levelname, record.topic, record.provider_code) == ("WARNING", "sign_in", code)


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 429, 500, 502, 503])
def test_what_may_be_taken_later_is_tried_again(
    provider: Provider, sms: Callable[..., TwilioSms], status: int
) -> None:
    provider.answer = refusal(20003, status)
    provider.headers = {"Location": f"{provider.url}/elsewhere"} if status == 302 else {}
    with pytest.raises(TwilioUnavailable, match=str(status)) as caught:
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
    with pytest.raises(TwilioUnavailable):
        send(sms(read=0.1))


def test_a_huge_answer_is_not_read(provider: Provider, sms: Callable[..., TwilioSms]) -> None:
    provider.answer = (500, b"x" * (MAX_ANSWER * 50))
    with pytest.raises(TwilioUnavailable):
        send(sms())
    provider.answer = (201, b"{}")
    send(sms())


def test_nothing_secret_is_logged_or_told(
    provider: Provider, sms: Callable[..., TwilioSms], caplog: pytest.LogCaptureFixture
) -> None:
    told = []
    with caplog.at_level(logging.DEBUG):
        for answer in (provider.answer, refusal(21211), refusal(20003, 401), (500, b"")):
            provider.answer = answer
            try:
                send(sms())
            except TwilioUnavailable as error:
                told.append(str(error) + repr(error.__cause__) + repr(error.__context__))
    ours = [
        f"{record.getMessage()} {vars(record)}" for record in caplog.records if "marketplace" in record.name
    ]
    everything = " ".join(ours + told)
    assert ours
    assert told
    for secret in (TO, "123456", TOKEN, base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()):
        assert secret not in everything


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
    assert isinstance(made, TwilioSms)
    send(made)
    assert provider.requests[0]["form"]["To"] == TO
    assert isinstance(make_sms(Settings(secret_key="s" * 40, instance_path=tmp_path)), OutboxSms)
