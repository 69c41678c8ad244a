"""`make tour` against the real server, and what it says where it cannot go on."""

import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT, Settings
from marketplace.tour import BOLD, Screen, TourEnded, printable, shortened, take, wants_colours
from tests.e2e.conftest import Running, free_port

pytestmark = pytest.mark.e2e


def tour(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "marketplace.tour"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "Traceback" not in result.stderr
    return result


def without_server(folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    return tour({"PATH": os.environ["PATH"], "INSTANCE_PATH": str(folder), "PORT": str(port)})


def test_1_without_the_demo_it_says_what_to_do(server: Running) -> None:
    result = tour(server.environment)
    assert result.returncode == 1
    assert "run `make demo` first" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "sign-up" not in result.stdout, "no account is made in vain"


def test_2_the_whole_tour(server: Running) -> None:
    server.flask("demo", "seed", "--once", "--force", "--performers", "5")
    result = tour(server.environment)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    told = result.stdout
    calls = [line for line in told.splitlines() if line.startswith(("GET /", "POST /", "PUT /"))]
    answers = [line for line in told.splitlines() if line.startswith("-> ")]
    assert len(calls) == len([line for line in answers if not line.startswith("-> 429")])
    parts = ["/user/sign-up", "/user/email/verify", "/performers ", "/admin/performers/status", "/services "]
    parts += ["/orders ", "/accept", "/messages", "/start", "/deliver", "/complete", "/review ", "/reviews"]
    places = [next(number for number, call in enumerate(calls) if part in f"{call} ") for part in parts]
    assert places == sorted(places)
    assert "That was the main job." in told
    assert "\x1b" not in told
    assert "eyJ" in told
    assert not [word for word in told.split() if word.startswith('"eyJ') and len(word) > 20], "whole tokens"


def test_no_server(tmp_path: Path) -> None:
    result = without_server(tmp_path, port := free_port())
    assert result.returncode == 1
    assert result.stderr.startswith(f"No server answers at http://127.0.0.1:{port}: start it with `make run`")
    assert result.stdout == ""


@contextmanager
def another_program() -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<p>hello")

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_another_program(tmp_path: Path) -> None:
    with another_program() as port:
        result = without_server(tmp_path, port)
    assert result.returncode == 1
    assert "another program answers" in result.stderr


def test_not_in_production() -> None:
    settings = Settings(app_env="production", secret_key="x", instance_path=Path("/nowhere"))
    with pytest.raises(TourEnded, match="development"):
        take(settings)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them() -> None:
    assert wants_colours(Terminal(), {"TERM": "xterm"})
    assert not wants_colours(Terminal(), {"TERM": "xterm", "NO_COLOR": "1"})
    assert not wants_colours(Terminal(), {"TERM": "dumb"})
    assert not wants_colours(io.StringIO(), {})
    assert Screen(Terminal(), colours=True).paint("x", BOLD) == "\x1b[1mx\x1b[0m"
    assert Screen(Terminal(), colours=False).paint("x", BOLD) == "x"


def test_texts_do_not_steer_the_terminal_and_tokens_are_cut() -> None:
    out = io.StringIO()
    Screen(out, colours=False).answer(
        200, "OK", {"title": "a\x1b[2J\u202eb", "tokens": [{"access_token": "x" * 40}]}
    )
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()
    assert printable("é 王 \x1b\n") == "é 王 ??"
    assert shortened({"tokens": [{"access_token": "x" * 40}]}) == {
        "tokens": [{"access_token": "x" * 10 + "..."}]
    }


def test_a_port_that_says_nothing(tmp_path: Path) -> None:
    """The tour waits for its limit, and says so; nothing is asked again."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = without_server(tmp_path, silent.getsockname()[1])
    assert result.returncode == 1
    assert "No server answers" in result.stderr
