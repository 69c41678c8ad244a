"""The TypeScript client: generated, strict, and able to do the main job against the real server."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT
from tests.clients.conftest import ADMIN, PASSWORD
from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e

README = (PROJECT_ROOT / "clients" / "README.md").read_text(encoding="utf-8")


def run(folder: Path, *command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def build(typescript: Path) -> str:
    """What the build says."""
    return run(typescript, "npm", "run", "--silent", "build")


def test_it_is_generated_and_compiles_without_a_warning(build: str) -> None:
    assert "⚠" not in build, build


@pytest.mark.usefixtures("build")
def test_a_wrong_body_a_wrong_path_and_a_wrong_event_do_not_compile(typescript: Path) -> None:
    wrong = typescript / "src" / "wrong.ts"
    wrong.write_text(
        "import { createApi, Session } from './client.js';\n"
        "import type { ChatSocket } from './chat.js';\n"
        "const api = createApi(new Session('http://127.0.0.1'));\n"
        "void api.POST('/api/v1/orders', { body: { service_id: 'one' } });\n"
        "void api.GET('/api/v1/nothing');\n"
        "declare const socket: ChatSocket;\n"
        "socket.emit('message:send', { text: 'no chat' }, () => {});\n"
        "socket.on('message:gone', () => {});\n"
    )
    try:
        done = subprocess.run(
            ["npx", "--no-install", "tsc", "--noEmit"],
            cwd=typescript,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    finally:
        wrong.unlink()
    lines = {int(line) for line in re.findall(r"wrong\.ts\((\d+),", done.stdout)}
    assert lines == {4, 5, 7, 8}, done.stdout


@pytest.mark.usefixtures("build")
def test_it_does_the_main_job(typescript: Path, server: Running) -> None:
    said = run(
        typescript,
        "node",
        "dist/examples/main-job.js",
        server.base,
        str(server.instance / "outbox"),
        ADMIN,
        PASSWORD,
    )
    assert re.fullmatch(r"order \d+ is completed\n", said), said


def test_the_readme_leads_to_the_first_own_order(typescript: Path, server: Running) -> None:
    part = README[: README.index("## Python")]
    script = ["set -e"]
    for language, block in re.findall(r"^```(sh|ts)\n(.*?)^```", part, re.DOTALL | re.MULTILINE):
        script.append(block if language == "sh" else f"cat > examples/first-order.ts <<'END'\n{block}END")
    assert len(script) == 4
    assert "Save this as `examples/first-order.ts`" in part
    said = run(
        typescript.parent.parent, "bash", "-c", "\n".join(script),
        **{
            **server.environment, "BASE_URL": server.base, "FLASK_APP": "wsgi",
            "PATH": os.environ["PATH"], "npm_config_prefer_offline": "true",
        },
    )  # fmt: skip
    assert re.search(r"^order \d+: .+ is pending$", said, re.MULTILINE), said
