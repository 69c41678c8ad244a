"""The guarded HTTP client, against servers on this machine that do what they should not."""

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator
from itertools import chain, repeat
from time import monotonic

import pytest

from marketplace.outside.addresses import AddressPolicy, is_public
from marketplace.outside.errors import (
    AddressRefused,
    AnswerTooLarge,
    BadAnswer,
    FetchFailed,
    FetchTimedOut,
    Unreachable,
)
from marketplace.outside.http_client import GuardedHttpClient
from tests.outside.smtp_server import certificate
from tests.support.web_server import WebServer, redirect, text, web_server

INSIDE = AddressPolicy(inside=True)
PUBLIC = "93.184.215.14"


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


def client(**more) -> GuardedHttpClient:
    return GuardedHttpClient(more.pop("policy", INSIDE), **{"seconds": 5.0, "max_bytes": 10_000} | more)


def refused(url: str, policy: AddressPolicy | None = None, **more) -> str:
    with pytest.raises(AddressRefused) as caught:
        client(policy=policy or AddressPolicy(), **more).get(url)
    return caught.value.code


# --- what it does -------------------------------------------------------------------------------------------


def test_it_gets_a_page_and_says_who_it_is(server):
    server.answers["/a"] = text(b"hello", "X-Thing: 1", "x-thing: 2", 'ETag: "v1"')
    answer = client().get(server.url("/a?b=c d".replace(" ", "%20")) + "#part", {"If-None-Match": '"v0"'})
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["x-thing"] == "1"
    assert answer.headers["etag"] == '"v1"'
    head = server.heads[0].decode()
    assert head.startswith("GET /a?b=c%20d HTTP/1.1\r\n")
    for line in (
        f"Host: 127.0.0.1:{server.port}", "Accept-Encoding: identity", "Connection: close", 'If-None-Match: "v0"',
    ):  # fmt: skip
        assert f"\r\n{line}\r\n" in head


def test_it_posts_and_does_not_follow(server):
    server.answers["/hook"] = redirect("/elsewhere")
    answer = client().post(server.url("/hook"), b"{}", {"Content-Type": "application/json"})
    assert answer.status == 302
    assert server.heads[0].startswith(b"POST /hook")
    assert server.asked("/elsewhere") == 0


def test_each_request_has_a_connection_of_its_own(server):
    server.answers["/"] = text(b"x")
    guarded = client()
    assert [guarded.get(server.url()).body for _ in range(3)] == [b"x"] * 3


def test_no_proxy_of_the_environment(server, monkeypatch):
    server.answers["/"] = text(b"x")
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert client().get(server.url()).body == b"x"


def test_names_beyond_ascii(server):
    server.answers["/"] = text(b"x")
    asked: list[str] = []

    def resolver(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    assert client(resolver=resolver).get(server.url(host="Straße.Example.")).body == b"x"
    assert asked == ["xn--strae-oqa.example"]
    assert f"Host: xn--strae-oqa.example:{server.port}".encode() in server.heads[0]


def test_tls_is_verified_for_the_name_while_the_checked_address_is_called(tmp_path):
    chain_file, key = certificate(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(chain_file, key)
    trust = ssl.create_default_context(cafile=str(chain_file))
    with web_server(served) as server:
        server.answers["/"] = text(b"secret")
        assert client(trust=trust).get(server.url(scheme="https")).body == b"secret"
        for guarded, host in (
            (client(), "127.0.0.1"),
            (client(trust=trust, resolver=lambda *_: ["127.0.0.1"]), "other.example"),
        ):
            with pytest.raises(Unreachable) as caught:
                guarded.get(server.url(host=host, scheme="https"))
            assert caught.value.code == "tls_failed"


# --- where it does not go -----------------------------------------------------------------------------------

INNER = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "168.63.129.16",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::5db8:d70e", "64:ff9b:1::1", "100::1", "2001::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::",
    "2002:5db8:d70e::", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    "4000::1", "2606:2800:21f::1%1", "", "localhost", "1.2.3",
]  # fmt: skip
OUTER = [
    "93.184.215.14",
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.32.0.1",
    "2606:2800:21f::1",
    "2a00::1",
]


@pytest.mark.parametrize("address", INNER)
def test_addresses_inside(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTER)
def test_addresses_of_the_internet(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1/", "forbidden_address"),
        ("http://[::1]/", "forbidden_address"),
        ("http://[::ffff:7f00:1]/", "forbidden_address"),
        ("http://[64:ff9b::7f00:1]/", "forbidden_address"),
        ("http://[fe80::1%25eth0]/", "forbidden_address"),
        ("http://169.254.169.254/latest/meta-data", "forbidden_address"),
        ("http://2130706433/", "bad_address"),
        ("http://0x7f000001/", "bad_address"),
        ("http://0x7f.1/", "bad_address"),
        ("http://127.1/", "bad_address"),
        ("http://0177.0.0.1/", "bad_address"),
        ("http://127.0.0.1./", "forbidden_address"),
        ("http://①②⑦.⓪.⓪.①/", "forbidden_address"),
        ("http://１２７.１/", "bad_address"),
        ("http://a:b@calendar.example/", "credentials_in_address"),
        ("http://@calendar.example/", "credentials_in_address"),
        ("http://calendar.example:22/", "forbidden_port"),
        ("http://calendar.example:0/", "forbidden_port"),
        ("http://calendar.example:99999/", "bad_address"),
        ("http://calendar.example:x/", "bad_address"),
        ("file:///etc/passwd", "bad_scheme"),
        ("gopher://calendar.example/", "bad_scheme"),
        ("ftp://calendar.example/", "bad_scheme"),
        ("//calendar.example/", "bad_scheme"),
        ("calendar.example", "bad_scheme"),
        ("", "bad_scheme"),
        ("http://", "bad_address"),
        ("http:///x", "bad_address"),
        ("http://[::1/", "bad_address"),
        ("http://-a.example/", "bad_address"),
        ("http://a..example/", "bad_address"),
        ("http://a%2eexample/", "bad_address"),
        ("http://a.example\\@127.0.0.1/", "bad_address"),
        ("http://a.example/\r\nX: y", "bad_address"),
        ("http://a.example/\x00", "bad_address"),
        ("http://a.example/ x", "bad_address"),
        ("http://a.example/\ud800", "bad_address"),
        (f"http://{'a' * 64}.example/", "bad_address"),
        (f"http://{'a.' * 130}example/", "bad_address"),
        (f"http://a.example/{'a' * 2000}", "bad_address"),
    ],
)
def test_urls_that_are_refused(url, code):
    def resolver(_host: str, _port: int) -> list[str]:
        raise AssertionError("nothing is resolved")

    found = refused(url, resolver=resolver if code != "forbidden_address" else lambda host, _: [host])
    assert found == code


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%2"], ["x"]]
)
def test_a_name_with_an_address_inside_is_refused(found):
    assert refused("http://calendar.example/", resolver=lambda *_: found) == "forbidden_address"


def test_the_address_that_was_checked_is_called(server, monkeypatch):
    """A name that leads elsewhere at its second resolution (DNS rebinding) is not resolved twice."""
    server.answers["/"] = text(b"inside")
    found = chain([["127.0.0.1"]], repeat(["10.0.0.1"]))

    def forbidden(host: str, *_args: object, **_more: object) -> list:
        if host != "127.0.0.1":
            raise AssertionError(f"{host} was resolved again")
        return real(host, *_args, **_more)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    assert client(resolver=lambda *_: next(found)).get(server.url(host="calendar.example")).body == b"inside"
    assert len(server.heads) == 1


def test_a_name_may_have_dead_addresses(server):
    server.answers["/"] = text(b"x")
    assert (
        client(resolver=lambda *_: ["127.0.0.2", "127.0.0.1"]).get(server.url(host="a.example")).body == b"x"
    )


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1/", "forbidden_address"),
        ("http://[::1]/", "forbidden_address"),
        ("//10.0.0.1/x", "forbidden_address"),
        ("http://rebound.example/", "forbidden_address"),
        ("file:///etc/passwd", "bad_scheme"),
        ("http://calendar.example:22/", "forbidden_port"),
        ("http://u:p@calendar.example/", "credentials_in_address"),
        ("http://[", "bad_address"),
    ],
)
def test_redirects_are_checked(server, location, code):
    class Policy(AddressPolicy):
        """Only the server of the test counts as public."""

        def check(self, address: str) -> None:
            if self.inside_of_test != address:
                super().check(address)

        inside_of_test = "127.0.0.9"

    server.answers["/"] = redirect(location)
    names = {"start.example": "127.0.0.9", "rebound.example": "127.0.0.1"}
    with web_server(host="127.0.0.9") as start:
        start.answers["/"] = redirect(location)
        policy = Policy(frozenset({80, 443, start.port}))
        found = refused(
            start.url(host="start.example"), policy, resolver=lambda host, _: [names.get(host, host)]
        )
    assert found == code


def test_redirects_end(server):
    server.answers |= {"/0": redirect("1"), "/1": redirect("/2"), "/2": redirect(server.url("/3"))}
    server.answers["/3"] = text(b"there")
    assert client().get(server.url("/0")).body == b"there"
    server.answers["/3"] = redirect("/0")
    with pytest.raises(BadAnswer, match="too_many_redirects"):
        client().get(server.url("/0"))


def test_a_redirect_from_https_to_http_is_refused():
    policy = AddressPolicy()
    with pytest.raises(AddressRefused, match="bad_scheme"):
        policy.follow(policy.read("https://a.example/"), "http://a.example/")
    assert policy.follow(policy.read("http://a.example/x/y"), "../z?q=ä").url == "http://a.example/z?q=%C3%A4"


# --- how much, and how long ---------------------------------------------------------------------------------


def drip(connection: socket.socket, _head: bytes) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10_000:
        connection.sendall(bytes([byte]))
        if GONE.wait(0.02):
            return


def drip_body(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
    drip(connection, b"")


def silence(_connection: socket.socket, _head: bytes) -> None:
    GONE.wait(30)


def endless(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_chunks(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")


def negative_chunk(connection: socket.socket, _head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_heads(connection: socket.socket, _head: bytes) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 1000 + b"\r\n\r\n")


GONE = threading.Event()


@pytest.mark.parametrize("slow", [drip, drip_body, silence])
def test_the_deadline_is_for_the_whole(server, slow):
    server.answers["/"] = slow
    began = monotonic()
    with pytest.raises(FetchTimedOut):
        client(seconds=0.4).get(server.url())
    assert monotonic() - began < 2


def test_the_deadline_includes_redirects_and_names(server):
    def late(*_args: object) -> list[str]:
        GONE.wait(30)
        return ["127.0.0.1"]

    began = monotonic()
    with pytest.raises(FetchTimedOut):
        client(seconds=0.3, resolver=late).get("http://a.example/")
    assert monotonic() - began < 2


@pytest.mark.parametrize("much", [endless, endless_chunks, negative_chunk, endless_heads])
def test_a_body_without_end_is_left(server, much):
    server.answers["/"] = much
    with pytest.raises(AnswerTooLarge):
        client().get(server.url())


@pytest.mark.parametrize(("size", "fits"), [(10_000, True), (10_001, False)])
def test_the_last_byte(server, size, fits):
    server.answers["/"] = text(b"x" * size)
    server.answers["/open"] = b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * size
    server.answers["/packed"] = text(gzip.compress(b"x" * size), "Content-Encoding: gzip")
    for path in ("/", "/open", "/packed"):
        if fits:
            assert client().get(server.url(path)).body == b"x" * size
        else:
            with pytest.raises(AnswerTooLarge):
                client().get(server.url(path))


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_bomb_is_not_unpacked(server, pack):
    coding = "gzip" if pack is gzip.compress else "deflate"
    bomb = pack(bytes(9_000_000))
    assert len(bomb) < 10_000
    server.answers["/"] = text(bomb, f"Content-Encoding: {coding}")
    with pytest.raises(AnswerTooLarge):
        client().get(server.url())


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        text(b"not gzip", "Content-Encoding: gzip"), text(b"x", "Content-Encoding: br"),
        text(gzip.compress(b"x" * 100)[:-8], "Content-Encoding: gzip"),
    ],
)  # fmt: skip
def test_answers_that_are_none(server, answer):
    server.answers["/"] = answer
    with pytest.raises((BadAnswer, Unreachable)):
        client().get(server.url())


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match="unreachable"):
        client().get(f"http://127.0.0.1:{port}/")
    with pytest.raises(Unreachable, match="unknown_host"):
        client(resolver=lambda *_: []).get("http://a.example/")


def test_errors_tell_nothing_of_the_address(server):
    server.answers["/"] = b"HTTP/1.1 nonsense\r\n\r\n"
    with pytest.raises(FetchFailed) as caught:
        client().get(server.url("/") + "?secret=hunter2")
    assert "hunter2" not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_it_is_not_called_within_a_transaction(runtime):
    with pytest.raises(RuntimeError), runtime.uow:
        runtime.outside.http.get("http://a.example/")
