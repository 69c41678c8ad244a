"""Private files: whoever has the link opens them, until its time or the right that it was made for is over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketplace.blueprints.privacy.adapters import ExportLinks
from marketplace.kernel.clock import FrozenClock
from marketplace.outside.ports import PrivateFile, PrivateKind
from marketplace.outside.private_files import LIFE, PrivateFiles
from marketplace.testing import CheckedClient
from marketplace.web.runtime import Runtime

KEY = "private/letters/0123456789abcdef0123456789abcdef.webp"


@pytest.fixture
def files(runtime: Runtime) -> PrivateFiles:
    runtime.outside.files.put(KEY, b"RIFF", "image/webp")
    found = runtime.outside.private_files
    found._kinds.pop("letter", None)
    return found


@pytest.fixture
def letters(files: PrivateFiles) -> dict[tuple[int, str], PrivateFile]:
    """Which rights are good for which letters."""
    known: dict[tuple[int, str], PrivateFile] = {
        (7, "sealed"): PrivateFile(KEY, "image/webp", "letter-7.webp")
    }
    files._kinds["letter"] = PrivateKind("letter", lambda row_id, right: known.get((row_id, right)))
    return known


def test_a_link_opens_the_file(
    client: CheckedClient, files: PrivateFiles, letters: dict[Any, Any], clock: FrozenClock
) -> None:
    answer = client.get(files.link("letter", 7, "sealed"))
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"RIFF", "image/webp")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="letter-7.webp"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_link_is_the_same_for_a_while_and_then_over(
    client: CheckedClient, files: PrivateFiles, letters: dict[Any, Any], clock: FrozenClock
) -> None:
    link = files.link("letter", 7, "sealed")
    clock.advance(LIFE - timedelta(seconds=1))
    assert files.link("letter", 7, "sealed") == link
    late = files.link("letter", 7, "sealed")
    clock.advance(timedelta(seconds=1))
    assert files.link("letter", 7, "sealed") != link
    clock.advance(LIFE - timedelta(seconds=1))
    assert client.get(late).status_code == 200, "made at the end of a window, it is good for a whole one"
    clock.advance(timedelta(seconds=1))
    assert client.get(link).status_code == 404


def test_a_right_that_is_over(client: CheckedClient, files: PrivateFiles, letters: dict[Any, Any]) -> None:
    link = files.link("letter", 7, "sealed")
    letters.clear()
    assert client.get(link).status_code == 404


def test_a_file_that_is_gone(
    client: CheckedClient, files: PrivateFiles, letters: dict[Any, Any], runtime: Runtime
) -> None:
    runtime.outside.files.delete(KEY)
    assert client.get(files.link("letter", 7, "sealed")).status_code == 404


BENT: list[Callable[[str], str]] = [
    lambda link: link[:-1] + ("A" if link[-1] != "A" else "B"),
    lambda link: link.replace("token=", "token=x"),
    lambda _link: "/files?token=" + "x" * 512,
    lambda _link: "/files?token=..%2f..%2fsecret_key",
    lambda _link: "/files?token=%7B%7D",
]


@pytest.mark.parametrize("bend", BENT)
def test_a_link_that_is_not_ours(
    client: CheckedClient, files: PrivateFiles, letters: dict[Any, Any], bend: Callable[[str], str]
) -> None:
    assert client.get(bend(files.link("letter", 7, "sealed"))).status_code == 404


def test_a_link_of_another_program(
    client: CheckedClient, files: PrivateFiles, letters: dict[Any, Any], runtime: Runtime
) -> None:
    other = PrivateFiles("another secret", files._files, runtime.clock, ())
    assert client.get(other.link("letter", 7, "sealed")).status_code == 404
    assert client.get(files.link("another kind", 7, "sealed")).status_code == 404
    export = ExportLinks(runtime.settings.secret_key).sign(7, 7, runtime.clock.now() + LIFE)
    assert client.get("/files", query_string={"token": export}).status_code == 404


@pytest.mark.parametrize("query", ["", "?token=", "?token=a&token=b", "?token=a&x=1", "?token=" + "x" * 513])
def test_other_queries(client: CheckedClient, query: str) -> None:
    assert client.get(f"/files{query}").status_code == 422


def test_no_private_file_is_public(client: CheckedClient, files: PrivateFiles, runtime: Runtime) -> None:
    for key in (KEY, "private/0123456789abcdef0123456789abcdef.webp"):
        runtime.outside.files.put(key, b"RIFF", "image/webp")
        for path in (key, key.replace("/", "%2f"), f"/{key}", f"avatars/../{key}", f"avatars/%2e%2e/{key}"):
            assert client.get(f"/media/{path}").status_code in {308, 404}


def test_no_log_line_holds_the_link(
    client: CheckedClient, files: PrivateFiles, letters: dict[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        client.get(files.link("letter", 7, "sealed"))
    assert "token=" not in caplog.text
