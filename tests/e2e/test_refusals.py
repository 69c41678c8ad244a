"""What the server refuses before the program sees it is a problem with a request id too; and one address that
sends nothing to its end holds up nobody.
"""

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from tests.e2e.conftest import Running
from tests.wire.conftest import Answer, Client
from tests.wire.test_arrival import chunked

pytestmark = pytest.mark.e2e

REFUSED = [
    (b"nonsense\r\n\r\n", 400, "malformed_request"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, "malformed_request"),
    (b"GET /health HTTP/1.1\r\n\r\n", 400, "malformed_request"),
    (b"GET /health HTTP/1.1\r\nHost: x/y\r\n\r\n", 400, "malformed_request"),
    (b"GET / HTTP/7.7\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long"),
    (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 120 + b"\r\n", 431, "headers_too_large"),
    (b"GET / HTTP/1.1\r\nX-A: " + b"a" * 20_000 + b"\r\n\r\n", 431, "headers_too_large"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: odd\r\n\r\n", 501, "http_error"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: gold\r\nContent-Length: 1\r\n\r\n", 417, "http_error"),
]


def sent(server: Running, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what comes back until the connection ends."""
    host, _, port = server.base.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=15) as connection:
        connection.sendall(data)
        with connection.makefile("rb") as stream:
            status = int(stream.readline().split()[1])
            headers = {}
            while (line := stream.readline().decode().strip()) != "":
                name, _, value = line.partition(": ")
                headers[name] = value
            return status, headers, stream.read(int(headers["Content-Length"]))


@pytest.mark.parametrize(("data", "status", "code"), REFUSED)
def test_a_refusal_is_a_problem(server: Running, data: bytes, status: int, code: str) -> None:
    found, headers, body = sent(server, data)
    document = json.loads(body)
    assert (found, document["status"], document["code"]) == (status, status, code)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Connection"] == "close"
    assert document["request_id"] == headers["X-Request-ID"]
    assert document["detail"]
    # Nothing of the request comes back.
    assert b"aaaa" not in body
    logged = [line for line in server.log.read_text().splitlines() if document["request_id"] in line]
    assert json.loads(logged[0])["status"] == status
    assert requests.get(f"{server.base}/health", timeout=15).status_code == 200


def connect(server: Running, source: str = "127.0.0.7") -> Client:
    host, _, port = server.base.removeprefix("http://").rpartition(":")
    return Client((host, int(port)), source=source)


def ask(server: Running, head: str, body: bytes = b"", **options: Any) -> Answer:
    client = connect(server, **options)
    try:
        return client.ask(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
    finally:
        client.close()


PERSON = {
    "username": "wired",
    "email": "wired@example.org",
    "password": "Correct-Horse-7",
    "first_name": "Wi",
    "last_name": "Red",
}
SIGN_UP = "POST /api/v1/user/sign-up HTTP/1.1\nHost: x\nContent-Type: "


@pytest.mark.parametrize(
    ("status", "code", "send"),
    [
        (413, "too_large", lambda body: ("application/json\nTransfer-Encoding: chunked", chunked(body.ljust(262_144), b" "))),
        (413, "too_large", lambda body: ("application/json\nTransfer-Encoding: chunked", chunked(body, *[b" " * 1_000_000] * 20))),
        (413, "too_large", lambda body: ("application/json\nContent-Length: 20000000", body.ljust(20_000_000))),
        (415, "unsupported_media_type", lambda body: (f"application/vnd.api+json\nContent-Length: {len(body)}", body)),
        (415, "unsupported_media_type", lambda body: (f"application/json\nContent-Encoding: gzip\nContent-Length: {len(body)}", body)),
        (400, "malformed_request", lambda body: (f"application/json\nContent-Length: {len(body) + 1}", body)),
        (400, "malformed_request", lambda body: ("application/json\nTransfer-Encoding: chunked", chunked(body, end=b""))),
        (400, "malformed_request", lambda body: ("application/json\nTransfer-Encoding: chunked", chunked(body, end=b"0\r\n"))),
        (400, "malformed_request", lambda body: ("application/json\nTransfer-Encoding: chunked", chunked(body, end=b"z\r\n"))),
    ],
)  # fmt: skip
def test_what_is_not_read_as_it_was_sent_stores_nothing(
    server: Running, status: int, code: str, send: Callable[[bytes], tuple[str, bytes]]
) -> None:
    head, body = send(json.dumps(PERSON).encode())
    client = connect(server, f"127.0.1.{hash(head) % 250 + 1}")  # sign-ups of one address are limited
    try:
        client.send((SIGN_UP + head).replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        client.socket.shutdown(socket.SHUT_WR)
        answer = client.answer()
        assert (answer.status, answer.json["code"]) == (status, code)
        assert client.ended()
    finally:
        client.close()
    login = json.dumps({"login": PERSON["username"], "password": PERSON["password"]}).encode()
    head = f"POST /api/v1/user/login HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: {len(login)}"
    assert ask(server, head, login, source=f"127.0.2.{hash(head) % 250 + 1}").status in {401, 429}


def test_one_address_that_ends_nothing_holds_up_nobody(server: Running) -> None:
    """300 of each, while another logs in."""
    assert server.api("POST", "/user/sign-up", json=PERSON).status_code == 201
    login = json.dumps({"login": PERSON["username"], "password": PERSON["password"]}).encode()
    head = f"POST /api/v1/user/login HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: {len(login)}"
    unfinished = [
        b"GET /health HTTP/1.1\r\nHost: x\r\n",
        head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + login[:-1],
        b"GET /api/docs/5.35.0/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    with ExitStack() as stack:
        for data in unfinished:
            for _ in range(300):
                client = connect(server)
                stack.callback(client.close)
                client.send(data)
            assert ask(server, "GET /health HTTP/1.1\nHost: x", source="127.0.0.8").status == 200
            assert ask(server, head, login, source="127.0.0.8").status == 200
