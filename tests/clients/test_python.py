"""The Python client: generated without a warning, strictly typed, and able to do the main job."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import ADMIN, PASSWORD
from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="session")
def python(checkout: Path) -> Path:
    """`clients/python` with the generated part."""
    folder = checkout / "clients" / "python"
    done = run(
        folder, "openapi_python_client", "generate", "--path", str(checkout / "docs" / "api" / "v1.json"),
        "--output-path", "marketplace_api/rest", "--meta", "none", "--overwrite", "--config", "generator.yaml",
        "--fail-on-warning",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_it_is_strictly_typed(python: Path) -> None:
    done = run(python, "mypy", "--strict", "--python-version", "3.11", "marketplace_api", "examples")
    assert done.returncode == 0, done.stdout


def test_a_wrong_event_is_an_error_of_types(python: Path) -> None:
    wrong = python / "wrong.py"
    wrong.write_text(
        "from marketplace_api.sockets import ChatEvents, Receipt\n"
        "def go(events: ChatEvents) -> None:\n"
        "    events.call('message:send', {'text': 'no chat'})\n"
        "    events.call('message:gone', {})\n"
        "    def heard(receipt: Receipt) -> None: ...\n"
        "    events.on('receipt', heard)\n"
        "    events.on('message:new', heard)\n"
    )
    done = run(python, "mypy", "--strict", "--python-version", "3.11", "wrong.py")
    wrong.unlink()
    assert {int(line) for line in re.findall(r"wrong\.py:(\d+): error", done.stdout)} == {3, 4, 7}, (
        done.stdout
    )


def test_a_problem_of_a_later_version_is_read_all_the_same(python: Path) -> None:
    code = (
        "from marketplace_api.rest.models import Problem\n"
        "said = {'type': '/x', 'title': 'x', 'status': 409, 'detail': 'x', 'request_id': None}\n"
        "print(Problem.from_dict({**said, 'code': 'code_of_tomorrow'}).code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=python, capture_output=True, text=True, check=False
    )
    assert done.stdout == "code_of_tomorrow\n", done.stderr


def test_it_does_the_main_job(python: Path, server: Running) -> None:
    done = run(python, "examples.main_job", server.base, str(server.instance / "outbox"), ADMIN, PASSWORD)
    assert re.fullmatch(r"order \d+ is completed\n", done.stdout), done.stdout + done.stderr
