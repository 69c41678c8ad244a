"""What gunicorn refuses before the program sees it is a problem with a request id too."""

import json
import socket

import pytest
import requests

from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e

REFUSED = [
    (b"nonsense\r\n\r\n", 400, "malformed_request"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, "malformed_request"),
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
