"""/dev/mails: what was sent, for who develops here; nothing in it acts, and nobody else sees it."""

import html
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.config import Settings
from marketplace.web.pages.blueprint import pages_blueprint
from marketplace.web.pages.mails import SHOWN, split_links
from marketplace.web.runtime import Runtime

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def folder(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An outbox of this test alone."""
    monkeypatch.setattr(runtime.outside.outbox, "_folder", tmp_path / "outbox")
    return tmp_path / "outbox"


@pytest.fixture
def bare(app: Flask, context: object) -> FlaskClient:
    return FlaskClient(app, app.response_class)


def write(runtime: Runtime, text: str, **values: str) -> None:
    given = {"to": "ann@example.org", "topic": "welcome", "subject": "Hello", **values}
    runtime.outside.outbox.write("email", **given, text=text, data={"token": "t'1"})


def texts(page: str) -> list[str]:
    return [
        html.unescape(re.sub("<[^>]+>", "", found))
        for found in re.findall(r"<pre dir[^>]*>(.*?)</pre>", page, re.DOTALL)
    ]


def test_the_newest_come_first_and_not_too_many(bare: FlaskClient, runtime: Runtime, folder: Path) -> None:
    assert "Nothing yet" in bare.get("/dev/mails").text
    for number in range(SHOWN + 2):
        write(runtime, f"number {number}")
    (folder / "99999999999999999999-broken.json").write_text("[")
    (folder / "99999999999999999999-list.json").write_text("[]")
    (folder / "99999999999999999999-odd.json").write_text('{"data": 1, "text": null, "channel": ["x"]}')
    answer = bare.get("/dev/mails?whatever=1")
    assert answer.status_code == 200
    shown = texts(answer.text)
    assert shown[:2] == ["None", f"number {SHOWN + 1}"]
    assert len(shown) == SHOWN - 2
    assert answer.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_links_can_be_followed_and_nothing_acts(bare: FlaskClient, runtime: Runtime, folder: Path) -> None:
    write(
        runtime,
        f"go to https://app.example.org/v#token=a_b-c. {HOSTILE} javascript:alert(3)",
        subject=HOSTILE,
        to=HOSTILE,
    )
    page = bare.get("/dev/mails").text
    assert re.findall(r'<a href="(http[^"]*)"', page) == ["https://app.example.org/v#token=a_b-c"]
    for forbidden in ("<script>alert", "<img", 'href="javascript'):
        assert forbidden not in page
    assert HOSTILE in texts(page)[0]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see http://127.0.0.1:8000/x?a=1&b=2, or (https://b.example/c).", ["http://127.0.0.1:8000/x?a=1&b=2", "https://b.example/c"]),
        ('https://a.example/"onmouseover="x', ["https://a.example/"]),
        ("https://a.example/<b>", ["https://a.example/"]),
        ("javascript:alert(1) data:text/html,x ftp://a http://", []),
    ],
)  # fmt: skip
def test_what_is_a_link(text: str, links: list[str]) -> None:
    parts = split_links(text)
    assert [part for part, is_link in parts if is_link] == links
    assert "".join(part for part, _ in parts) == text


def test_the_line_for_a_shell_uses_the_token(bare: FlaskClient, runtime: Runtime, folder: Path) -> None:
    write(runtime, "x")
    (line,) = re.findall(r"<code>(curl .*?)</code>", bare.get("/dev/mails").text)
    words = shlex.split(html.unescape(line))
    assert json.loads(words[-1]) == {"token": "t'1"}
    assert words[3].endswith("/api/v1/user/email/verify")


def test_a_sign_up_is_found_there(client, run_jobs, bare: FlaskClient, folder: Path) -> None:  # type: ignore[no-untyped-def]  # as other tests of routes
    body = {"username": "ann", "email": "ann@example.org", "password": "Correct-Horse-7", "first_name": "Ann"}
    assert client.post("/api/v1/user/sign-up", json=body | {"last_name": "Lee"}).status_code == 201
    run_jobs()
    (line,) = re.findall(r"<code>(curl .*?)</code>", bare.get("/dev/mails").text)
    token = json.loads(shlex.split(html.unescape(line))[-1])
    assert client.post("/api/v1/user/email/verify", json=token).status_code == 204


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil:8000"]
)
def test_under_a_foreign_name_it_is_not_there(bare: FlaskClient, host: str) -> None:
    """A page elsewhere may point its own name at this machine (DNS rebinding)."""
    assert bare.get("/dev/mails", headers={"Host": host}).status_code == 404


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.1.7:80"]
)
def test_under_an_own_name_it_is(bare: FlaskClient, host: str) -> None:
    assert bare.get("/dev/mails", headers={"Host": host}).status_code == 200


def test_others_do_not_see_it(bare: FlaskClient) -> None:
    for address, headers in (("8.8.8.8", {}), ("127.0.0.1", {"X-Forwarded-For": "8.8.8.8"})):
        answer = bare.get("/dev/mails", headers=headers, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 404


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:5173", "null"])
def test_pages_of_other_origins_do_not_read_it(bare: FlaskClient, origin: str) -> None:
    """CORS lets them read what is served, and they run on this machine, with its address."""
    assert bare.get("/dev/mails", headers={"Origin": origin}).status_code == 404


def test_in_production_there_is_no_such_route(runtime: Runtime) -> None:
    def paths(settings: Settings) -> set[str]:
        app = Flask("small", static_folder=None)
        app.register_blueprint(pages_blueprint(settings))
        return {rule.rule for rule in app.url_map.iter_rules()}

    assert "/dev/mails" in paths(replace(runtime.settings, app_env="development"))
    assert not [path for path in paths(replace(runtime.settings, app_env="production")) if "dev" in path]
