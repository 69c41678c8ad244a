"""nginx with the files of deploy/nginx, before the real roles, on ports that are not the usual ones."""

import json
import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from marketplace.realtime.setup import PING_INTERVAL_SECONDS, PING_TIMEOUT_SECONDS
from tests.deploy.conftest import Role, Roles
from tests.e2e.conftest import free_port
from tests.support.deployment import DEPLOY, needs
from tests.support.waiting import eventually

pytestmark = [pytest.mark.e2e, needs("nginx")]

FOLDER = DEPLOY / "nginx"
HOST = "shop.localhost"
"""A name for this machine (RFC 6761): an origin of its own, as a deployment has."""
NAME = "api.example.org"
PASSWORD = "Correct-Horse-7"


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) if socket.has_ipv6 else socket.socket() as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def written(folder: Path, server: str, ports: dict[str, int]) -> Path:
    """nginx.conf in `folder`, with the paths of the container made those of `folder`."""
    folder.mkdir()
    for path in FOLDER.glob("*.conf"):
        text = path.read_text(encoding="utf-8").replace("/tmp/", f"{folder}/")
        for place in (
            "/etc/nginx/marketplace",
            f"/etc/letsencrypt/live/{NAME}",
            "/var/log/nginx",
            "/var/www/acme",
        ):
            text = text.replace(place, str(folder))
        if not has_ipv6():
            text = re.sub(r"\n *listen \[::\].*", "", text)
        for old, new in ports.items():
            text = re.sub(rf"(?<=[ :]){old}(?=[ ;])", str(new), text)
        (folder / path.name).write_text(text, encoding="utf-8")
    shutil.copy(folder / server, folder / "server.conf")
    if os.geteuid() == 0:
        # As root, nginx gives its connections to a user without rights, who must reach what it buffers.
        folder.chmod(0o777)
        main = folder / "nginx.conf"
        main.write_text(f"user {pwd.getpwuid(0).pw_name};\n{main.read_text()}")
    return folder / "nginx.conf"


def start(configuration: Path, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["nginx", "-c", str(configuration), "-g", "daemon off;"])

    def listens() -> bool:
        assert process.poll() is None
        try:
            requests.get(f"http://127.0.0.1:{port}/", timeout=5)
        except requests.ConnectionError as error:
            # A server that hangs up on strangers is there.
            return "Remote end closed" in str(error) or "reset" in str(error)
        return True

    eventually(listens)
    return process


@pytest.fixture(scope="module")
def front(roles: Roles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where nginx serves."""
    port = free_port()
    ports = {"8080": port, "8000": roles.web.port, "8001": roles.realtime.port}
    folder = tmp_path_factory.mktemp("nginx") / "marketplace"
    process = start(written(folder, "server.plain.conf", ports), port)
    yield f"http://{HOST}:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def mirror() -> Iterator[int]:
    """The port of an upstream that answers with the headers that it got."""

    class Mirror(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = json.dumps(self.headers.items()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


def call(front: str, method: str, path: str, **kwargs: Any) -> requests.Response:
    """To nginx, by the address that HOST has everywhere."""
    place = front.replace(HOST, "127.0.0.1")
    headers = {"Host": front.removeprefix("http://"), **kwargs.pop("headers", {})}
    return requests.request(method, place + path, headers=headers, timeout=30, **kwargs)


def request_lines(role: Role) -> list[dict[str, Any]]:
    """What a role has logged of its requests."""
    lines = [line for line in role.log.read_text().splitlines() if line.startswith("{")]
    return [entry for entry in map(json.loads, lines) if entry.get("event") == "request"]


def open_socket(front: str, **options: Any) -> websocket.WebSocket:
    place = front.replace(HOST, "127.0.0.1").replace("http", "ws")
    return websocket.create_connection(
        f"{place}/socket.io/?EIO=4&transport=websocket",
        timeout=30,
        host=front.removeprefix("http://"),
        **options,
    )


@pytest.fixture(scope="module")
def token(front: str, roles: Roles) -> str:
    """Signed up through nginx; the mail is the worker's."""
    person = {"username": "nina", "email": "nina@example.org", "password": PASSWORD,
              "first_name": "Nina", "last_name": "Xu"}  # fmt: skip
    made = call(front, "POST", "/api/v1/user/sign-up", json=person)
    assert made.status_code == 201, made.text
    access = made.json()["tokens"]["access_token"]

    def mails() -> list[dict[str, Any]]:
        found = map(json.loads, (path.read_text() for path in (roles.instance / "outbox").glob("*.json")))
        return [mail for mail in found if mail["to"] == person["email"]]

    proof = eventually(mails)[0]["data"]["token"]
    headers = {"Authorization": f"Bearer {access}"}
    done = call(front, "POST", "/api/v1/user/email/verify", json={"token": proof}, headers=headers)
    assert done.status_code == 204, done.text
    logged_in = call(front, "POST", "/api/v1/user/login", json={"login": "nina", "password": PASSWORD})
    return str(logged_in.json()["access_token"])


def test_rest_goes_to_the_role_web(front: str, roles: Roles, token: str) -> None:
    answer = call(front, "GET", "/api/v1/user/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["username"] == "nina"
    assert any(line["route"] == "/api/v1/user/me" for line in request_lines(roles.web))
    assert not any(line["route"] == "/api/v1/user/me" for line in request_lines(roles.realtime))


def test_a_page_of_the_same_origin_opens_a_socket(front: str, roles: Roles, token: str) -> None:
    """The origin has a port, which the Host that nginx hands on must have too."""
    with closing(open_socket(front, origin=front)) as opened:
        assert opened.recv().startswith("0{")
        opened.send("40/chat," + json.dumps({"token": token}))
        assert opened.recv().startswith('40/chat,{"sid"')
        opened.send('42/chat,7["nope"]')
        assert opened.recv().startswith("43/chat,7[")


def test_a_page_of_another_port_opens_none(front: str) -> None:
    for origin in (f"http://{HOST}", f"http://{HOST}:1", "http://evil.example"):
        with pytest.raises(websocket.WebSocketBadStatusException):
            open_socket(front, origin=origin)


def test_polling_is_answered_at_once_and_pushes_are_not_held_back(front: str, token: str) -> None:
    path = "/socket.io/?EIO=4&transport=polling"
    began = time.monotonic()
    sid = json.loads(call(front, "GET", path).text[1:])["sid"]
    path += f"&sid={sid}"
    assert call(front, "POST", path, data="40/chat," + json.dumps({"token": token})).text == "OK"
    assert call(front, "GET", path).text.startswith('40/chat,{"sid"')
    heard: list[tuple[float, str]] = []

    def poll() -> None:
        answer = call(front, "GET", path)
        heard.append((time.monotonic(), answer.text))

    waiting = threading.Thread(target=poll)
    waiting.start()
    asked = time.monotonic()
    assert call(front, "POST", path, data='42/chat,1["nope"]').text == "OK"
    waiting.join(30)
    at, text = heard[0]
    assert text.startswith("43/chat,1["), text
    assert at - asked < 5, "nginx kept the answer of a poll"
    assert asked - began < 10


def test_a_silent_socket_outlives_a_ping() -> None:
    """nginx ends what is silent; a socket may be until its next ping is answered or missed."""
    sockets = (FOLDER / "locations.conf").read_text().partition("location /socket.io/")[2]
    silent = re.search(r"proxy_read_timeout (\d+)s;", sockets)
    assert silent
    assert int(silent[1]) > PING_INTERVAL_SECONDS + PING_TIMEOUT_SECONDS


def test_the_caller_is_the_one_that_nginx_saw(front: str, roles: Roles) -> None:
    """With PROXY_HOPS=1 the last entry counts, and that is nginx's; the client's own claims stand before it."""
    claims = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Request-ID": "claims-of-a-client",
    }
    answer = call(front, "GET", "/api/v1/cities?q=berlin", headers=claims)
    assert answer.status_code == 200
    line = next(line for line in request_lines(roles.web) if line["request_id"] == "claims-of-a-client")
    assert line["ip"] == "127.0.0.1"
    assert "evil.example" not in answer.text + str(answer.headers)
    redirect = call(front, "GET", "/api/docs/", headers=claims, allow_redirects=False)
    assert "evil.example" not in str(redirect.headers)


def test_without_claims_the_caller_is_told_too(front: str, roles: Roles) -> None:
    call(front, "GET", "/health", headers={"X-Request-ID": "plain-request-of-test"})
    call(front, "GET", "/api/v1/cities?q=oslo", headers={"X-Request-ID": "plain-request-of-test-2"})
    line = next(line for line in request_lines(roles.web) if line["request_id"] == "plain-request-of-test-2")
    assert line["ip"] == "127.0.0.1"


def test_metrics_are_for_who_comes_straight(front: str, roles: Roles) -> None:
    for path in ("/metrics", "//metrics", "/%6detrics", "/x/../metrics"):
        assert call(front, "GET", path).status_code == 404
    for role in (roles.web, roles.realtime):
        assert "http_requests_total" in requests.get(f"{role.base}/metrics", timeout=10).text


def test_the_program_refuses_large_bodies_before_nginx_does(front: str, token: str) -> None:
    """11 MB are the program's to refuse, with its own words; 13 MB are nginx's, in the same form."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
    for size in (11, 13):
        answer = call(front, "POST", "/api/v1/user/login", data=b"x" * (size << 20), headers=headers)
        assert answer.status_code in (413, 415), answer.text
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert answer.json()["status"] == answer.status_code
    assert answer.json()["detail"] == "The body is larger than 12 MiB."


def test_etags_stay_strong(front: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    answer = call(front, "GET", "/api/v1/user/me", headers=headers)
    assert answer.headers["ETag"].startswith('"')


def test_a_role_that_is_away_is_a_problem_with_a_pause(tmp_path: Path) -> None:
    port = free_port()
    ports = {"8080": port, "8000": free_port(), "8001": free_port()}
    process = start(written(tmp_path / "away", "server.plain.conf", ports), port)
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/api/v1/cities", timeout=10)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"] == "5"
        assert answer.json()["code"] == "unavailable"
    finally:
        process.terminate()
        process.wait(10)


def test_headers_are_added_to_and_never_replaced(mirror: int, tmp_path: Path) -> None:
    port = free_port()
    ports = {"8080": port, "8000": mirror, "8001": mirror}
    process = start(written(tmp_path / "mirror", "server.plain.conf", ports), port)
    try:
        base = f"http://127.0.0.1:{port}"
        plain = dict(requests.get(f"{base}/x", timeout=10).json())
        assert plain["Host"] == plain["X-Forwarded-Host"] == f"127.0.0.1:{port}"
        assert (plain["X-Forwarded-For"], plain["X-Forwarded-Proto"]) == ("127.0.0.1", "http")
        assert "Connection" not in plain
        assert "Upgrade" not in plain
        balancer = {
            "X-Forwarded-For": "192.0.2.7",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": NAME,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
        }
        added = dict(requests.get(f"{base}/socket.io/", headers=balancer, timeout=10).json())
        assert added["X-Forwarded-For"] == "192.0.2.7, 127.0.0.1"
        assert added["X-Forwarded-Proto"] == "https, http"
        assert added["X-Forwarded-Host"] == f"{NAME}, 127.0.0.1:{port}"
        assert (added["Upgrade"], added["Connection"]) == ("websocket", "upgrade")
    finally:
        process.terminate()
        process.wait(10)


@needs("openssl")
def test_tls(mirror: int, tmp_path: Path) -> None:
    """Our name by TLS 1.2 and 1.3; other names get nothing, by either port; HTTP leads to HTTPS."""
    plain, secure = free_port(), free_port()
    ports = {"8000": mirror, "8001": mirror, "80": plain, "443": secure}
    configuration = written(tmp_path / "tls", "server.tls.conf", ports)
    folder = configuration.parent
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={NAME}",
         "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    (folder / ".well-known" / "acme-challenge").mkdir(parents=True)
    (folder / ".well-known" / "acme-challenge" / "proof").write_text("proven")
    process = start(configuration, plain)

    def ask(version: ssl.TLSVersion, name: str = NAME) -> bytes:
        context = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        context.minimum_version = context.maximum_version = version
        with (
            socket.create_connection(("127.0.0.1", secure), 10) as raw,
            context.wrap_socket(raw, server_hostname=name) as opened,
        ):
            opened.sendall(f"GET /x HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: opened.recv(4096), b""))

    try:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            head, _, body = ask(version).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert dict(json.loads(body))["X-Forwarded-Proto"] == "https"
        with pytest.raises(ssl.SSLError):
            ask(ssl.TLSVersion.TLSv1_3, "other.example.org")
        base = f"http://127.0.0.1:{plain}"
        there = requests.get(f"{base}/a?b=c", headers={"Host": NAME}, timeout=10, allow_redirects=False)
        assert (there.status_code, there.headers["Location"]) == (308, f"https://{NAME}/a?b=c")
        proof = requests.get(f"{base}/.well-known/acme-challenge/proof", headers={"Host": NAME}, timeout=10)
        assert proof.text == "proven"
        with pytest.raises(requests.ConnectionError):
            requests.get(base, headers={"Host": "other.example.org"}, timeout=10)
    finally:
        process.terminate()
        process.wait(10)
