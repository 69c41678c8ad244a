"""TMPDIR without room, where files wait while they arrive: refused with the right word, and nothing else stops."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marketplace.models import User
from marketplace.testing import CheckedClient, Factory
from tests.support.certificates import OWN, PDF, VALUES

LARGE = PDF.replace(b"endobj", b"x" * 700_000 + b"endobj")


@pytest.fixture
def send(
    client: CheckedClient, make: Factory, auth: Callable[[User], dict[str, str]]
) -> Callable[[bytes], Any]:
    user = make.user()
    make.performer(user)
    headers = auth(user)

    def post(content: bytes) -> Any:
        # Not by the client's own encoder, which wants a TMPDIR too.
        parts = [
            f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{VALUES[key]}' for key in VALUES
        ]
        parts.append('--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n')
        body = "\r\n".join(parts).encode() + content + b"\r\n--b--\r\n"
        return client.post(OWN, data=body, content_type="multipart/form-data; boundary=b", headers=headers)

    return post


def test_a_full_one_is_507(send: Callable[[bytes], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/full answers every write as a full disk does."""
    with Path("/dev/full").open("wb", buffering=0) as full, monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", lambda **_: full)
        answer = send(LARGE)
        assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
        assert send(PDF).status_code == 201, "what is small needs no file"
    assert send(LARGE).status_code == 201


def test_one_that_is_gone_is_503(
    send: Callable[[bytes], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    answer = send(LARGE)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert str(tmp_path) not in answer.text
