"""Every block of code in the guides works against a real server with a fresh demo, and so do those of the README."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT
from marketplace.web.pages import guides
from tests.e2e.conftest import Running, free_port, launch
from tests.support.blocks import run_blocks

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with the demo; without limits, because each guide is a reader of its own."""
    running = launch(tmp_path_factory.mktemp("guides") / "instance", RATE_LIMIT_ENABLED="false")
    running.flask("demo", "seed", "--performers", "60")
    yield running
    running.stop()


@pytest.mark.parametrize("name", guides.ORDER)
def test_a_guide_works_as_it_is_written(demo: Running, tmp_path: Path, name: str) -> None:
    text = guides.source(name)
    assert text is not None
    assert "```sh" in text
    run_blocks(text, tmp_path, address=demo.base.removeprefix("http://"), instance=demo.instance)


def five_minutes() -> str:
    """The README's section."""
    text = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    return text[text.index("## Five minutes with curl") :].split("\n## ", 1)[0]


def test_the_blocks_of_the_readme_pass_pasted(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On an empty instance, with the limits that a newcomer meets, who has tried the first sign-up that
    `make run` prints: its mail is there too.
    """
    running = launch(tmp_path_factory.mktemp("readme") / "instance")
    try:
        ann = {"username": "ann", "email": "ann@example.org", "password": "Correct-Horse-7"}
        tried = running.api("POST", "/user/sign-up", json={**ann, "first_name": "Ann", "last_name": "Lee"})
        assert tried.status_code == 201, tried.text
        said = run_blocks(
            five_minutes(), tmp_path, address=running.base.removeprefix("http://"), instance=running.instance
        )
    finally:
        running.stop()
    assert re.search(r'"status": ?"confirmed"', said), said[-2000:]
    assert "When do you come?" in said


@pytest.mark.parametrize("name", ["README", *guides.ORDER])
def test_a_refusal_is_shown_where_a_field_was_expected(tmp_path: Path, name: str) -> None:
    """A reader who pastes a block twice, or too late, reads the problem and no traceback."""
    text = five_minutes() if name == "README" else guides.source(name) or ""
    found = re.search(r"^field[(][)] .*?; }$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        assert "| field" not in text
        return
    (tmp_path / ".venv").symlink_to(sys.prefix)
    problem = {"code": "email_taken", "request_id": "7", "title": "There is an account", "status": 409}
    done = subprocess.run(
        ["sh", "-c", f"{found[0]}\nfield '[\"id\"]'"],
        cwd=tmp_path,
        input=json.dumps(problem),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stderr) == problem


@pytest.mark.parametrize(
    "block",
    [
        "false",
        "curl -s --fail http://127.0.0.1:8000/",
        "curl -s http://127.0.0.1:8000/",
        "echo two   # prints one",
        "echo two one   # prints one\necho one   # prints two",
        "python3 absent.py | cat",
    ],
)
def test_a_block_that_does_not_work_is_seen(tmp_path: Path, block: str) -> None:
    (tmp_path / "instance-of-nobody").mkdir()
    folder = tmp_path / "reader"
    folder.mkdir()
    with pytest.raises(AssertionError):
        run_blocks(
            f"```sh\n{block}\n```\n",
            folder,
            address=f"127.0.0.1:{free_port()}",
            instance=tmp_path / "instance-of-nobody",
        )
