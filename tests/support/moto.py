"""moto's server, an S3 by other people: what our own small bucket takes for granted is checked against it."""

import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode

import pytest

from tests.support.waiting import eventually

SERVER = Path(sys.prefix) / "s3" / "bin" / "moto_server"
needs_moto = pytest.mark.skipif(
    not SERVER.exists() and not os.environ.get("CI"), reason="needs moto's server: make test installs it"
)
REGION, BUCKET = "us-east-1", "pictures"
_POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
_UNCHECKED = 4
"""How many calls are let through before credentials are asked for: those that make them."""


@dataclass(frozen=True)
class Moto:
    """Where it is, and the credentials that may use its bucket."""

    url: str
    key: str
    secret: str

    def ask_nobody(self) -> None:
        """From now on do without credentials: moto cannot check those in a signed address."""
        _call(f"{self.url}/moto-api/reset-auth", b"inf")


def _call(url: str, body: bytes | None = None, *, service: str = "", method: str | None = None) -> str:
    request = urllib.request.Request(url, body, method=method)
    if not service:
        request.add_header("Content-Type", "text/plain")
    else:
        # By this alone moto knows which service is meant.
        scope = f"x/20260101/{REGION}/{service}/aws4_request"
        request.add_header(
            "Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def _make_user(url: str) -> tuple[str, str]:
    def ask(action: str, **values: str) -> str:
        form = {"Action": action, "Version": "2010-05-08", "UserName": "shop"} | values
        return _call(url, urlencode(form).encode(), service="iam")

    ask("CreateUser")
    told = ask("CreateAccessKey")
    ask("PutUserPolicy", PolicyName="all", PolicyDocument=_POLICY)
    found = re.search(r"<AccessKeyId>(.+?)</AccessKeyId>.*<SecretAccessKey>(.+?)</SecretAccessKey>", told)
    assert found is not None, told
    return found[1], found[2]


@contextmanager
def running_moto(log: Path) -> Iterator[Moto]:
    """A server on a free port with one bucket, for whoever has the credentials."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {"PATH": os.environ["PATH"], "INITIAL_NO_AUTH_ACTION_COUNT": str(_UNCHECKED)}
    command = [str(SERVER), "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as server:
        try:

            def is_up() -> bool:
                assert server.poll() is None, log.read_text()
                try:
                    _call(f"{url}/moto-api/")
                except URLError:
                    return False
                return True

            eventually(is_up)
            key, secret = _make_user(url)
            _call(f"{url}/{BUCKET}", service="s3", method="PUT")
            yield Moto(url, key, secret)
        finally:
            server.terminate()
