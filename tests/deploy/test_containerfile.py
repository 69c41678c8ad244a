"""The image: hadolint's rules, what goes into it, and that this is enough on a root file system without writing."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from marketplace.config import PROJECT_ROOT
from marketplace.embedded.users import ensure_running, release
from marketplace.testing.databases import run_flask
from tests.e2e.conftest import free_port
from tests.support.deployment import CONTAINERFILE, instructions
from tests.support.waiting import eventually

FINAL = 10001


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest))
    return found


def all_of(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def test_images_are_pinned() -> None:
    """DL3006, DL3007: a tag with a whole version."""
    own = {stage[0][1].split(" AS ")[1] for stage in stages()}
    for image in all_of("FROM"):
        assert image.split()[0] in own or re.match(r"[\w./-]+:\d+\.\d+\.\d+-[a-z-]+ AS [a-z]+$", image), image


def test_versions_of_both_stages_are_one() -> None:
    assert len({image.split(":")[1].split("-")[0] for image in all_of("FROM") if ":" in image}) == 1


def test_the_program_is_not_root_and_owns_nothing_of_its_code() -> None:
    """DL3002. A number, so that `runAsNonRoot` of Kubernetes can see it."""
    for final in (stage for stage in stages() if any(name == "CMD" for name, _ in stage)):
        assert [rest for name, rest in final if name == "USER"] == [f"{FINAL}:{FINAL}"]
        order = [name for name, _ in final]
        assert order.index("USER") > max(at for at, name in enumerate(order) if name in {"RUN", "COPY"})
        assert not any("--chown" in rest for name, rest in final if name == "COPY")


def test_it_has_one_check_of_health_one_command_and_a_folder() -> None:
    """DL3012, DL3025, DL4003: JSON, so that no shell stands between SIGTERM and gunicorn."""
    final = stages()[-1]
    for name in ("HEALTHCHECK", "CMD"):
        [given] = [rest for found, rest in final if found == name]
        assert re.search(r'\["\w+"', given), given
    for name, rest in instructions():
        if name == "WORKDIR":
            assert rest.startswith("/"), "DL3000"


def test_files_are_copied_and_nothing_is_fetched_without_a_hash() -> None:
    """DL3020, DL3042, DL3013 and no package manager at all: the builder has what the lock needs."""
    assert all_of("ADD") == []
    runs = all_of("RUN")
    assert not any(re.search(r"\b(apt|apt-get|apk|curl|wget|sudo|ssh|chmod 777)\b", run) for run in runs)
    for install in re.findall(r"pip install[^&;]*", " ".join(runs)):
        for option in ("--no-cache-dir", "--no-deps", "--require-hashes", "-r "):
            assert option in install, install
    assert not any("|" in run.replace("||", "") for run in runs), "DL4006: a pipe hides what failed in it"


def test_no_secret_is_in_it() -> None:
    for name, rest in instructions():
        if name in {"ENV", "ARG"}:
            assert not re.search(r"SECRET|PASSWORD|TOKEN|KEY", rest), rest


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed; its rules are above")
def test_hadolint() -> None:
    done = subprocess.run(
        ["hadolint", str(CONTAINERFILE)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout + done.stderr == ""


def copied(stage: int = 0) -> dict[str, str]:
    """Where the files of the checkout go in a builder, by their names."""
    found: dict[str, str] = {}
    folder = "/"
    for name, rest in stages()[stage]:
        if name == "WORKDIR":
            folder = rest
        elif name == "COPY":
            *sources, target = shlex.split(rest)
            for source in sources:
                found[source] = os.path.normpath(Path(folder, target, "" if target != "./" else source))
    return found


def is_sent(path: str) -> bool:
    """Whether the builder gets a file, by .dockerignore: the last line that matches decides."""
    sent = True
    for line in (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip().removeprefix("!").removeprefix("**/")
        if pattern and not pattern.startswith("#"):
            parts = path.split("/")
            heads = ["/".join(parts[: at + 1]) for at in range(len(parts))]
            names = heads if "**/" not in line else parts
            if any(fnmatch.fnmatch(name, pattern) for name in names):
                sent = line.startswith("!")
    return sent


def test_the_builder_gets_what_is_copied_and_nothing_else() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True, timeout=30
    ).stdout.splitlines()
    sources = [*copied(), *copied(1)]
    wanted = {path for path in tracked if any(path == one or path.startswith(f"{one}/") for one in sources)}
    assert {path for path in tracked if is_sent(path)} == wanted
    assert {
        "wsgi.py",
        "marketplace/app.py",
        "migrations/env.py",
        "requirements.txt",
        "scripts/backup.py",
    } <= wanted
    for secret in ("instance/secret_key", "deploy/marketplace.env", "deploy/.env", ".git/config", ".env"):
        assert not is_sent(secret), secret


ISOLATED = shutil.which("unshare") and shutil.which("setpriv") and os.geteuid() == 0
BOX = """
set -eu
mount --bind "$1" "$1"
mount -o remount,ro,bind /
cd "$2"
shift 2
user=$1
shift
exec setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs --bounding-set=-all "$@"
"""


def user_of_the_box() -> int:
    """The container's, or root without any capability where this Python lies in a home that is closed to others."""
    tried = subprocess.run(
        ["setpriv", f"--reuid={FINAL}", f"--regid={FINAL}", "--clear-groups",
         sys.executable, "-c", "import sys; print(sys.version)"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    return FINAL if tried.stdout.strip() == sys.version else os.geteuid()


@pytest.mark.e2e
@pytest.mark.skipif(not ISOLATED, reason="only root can make a file system read-only for one process")
def test_the_files_of_the_image_serve_from_a_read_only_root(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As the container runs: those files alone, a user without rights, one folder and /dev/shm to write to."""
    folder = tmp_path_factory.mktemp("image")
    for path in (folder, *folder.parents):
        if path.is_relative_to(tmp_path_factory.getbasetemp().parent):
            path.chmod(path.stat().st_mode | 0o055)
    for source, target in copied().items():
        place = Path(f"{folder}{target}")
        if (PROJECT_ROOT / source).is_dir():
            shutil.copytree(PROJECT_ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT_ROOT / source, place)
    writable = folder / "writable"
    user = user_of_the_box()
    for part in ("state", "tmp"):
        (writable / part).mkdir(parents=True)
        os.chown(writable / part, user, user)
    database_url = ensure_running(folder / "database", fsync=False)
    port = free_port()
    log = folder / "log"
    try:
        done = run_flask(database_url, folder / "upgrade", "db", "upgrade")
        assert done.returncode == 0, done.stderr
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": database_url,
            "SECRET_KEY": "image-" * 10,
            "INSTANCE_PATH": str(writable / "state"),
            "TMPDIR": str(writable / "tmp"),
            "PORT": str(port),
        }
        # The embedded server's socket is for its own user; in containers the roles come by TCP.
        home = (folder / "database" / "postgres").resolve()
        for place in (home / "run", *(home / "run").glob(".s.PGSQL.*")):
            place.chmod(0o777)
        with log.open("wb") as sink:
            process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", BOX, "sh", str(writable), str(folder / "app"),
                 str(user), sys.executable, "-m", "gunicorn"],
                env=environment, stdout=sink, stderr=sink,
            )  # fmt: skip

        def answer() -> str:
            assert process.poll() is None, log.read_text()
            try:
                return requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).text
            except (requests.ConnectionError, requests.Timeout):  # it does not listen yet
                return ""

        try:
            assert json.loads(eventually(answer, timeout=60))["missing"] == {}
            person = {"username": "rea", "email": "rea@example.org", "password": "Correct-Horse-7",
                      "first_name": "Rea", "last_name": "Donly"}  # fmt: skip
            base = f"http://127.0.0.1:{port}"
            made = requests.post(f"{base}/api/v1/user/sign-up", json=person, timeout=15)
            assert made.status_code == 201, made.text
            assert "http_requests_total" in requests.get(f"{base}/metrics", timeout=10).text
            check = json.loads(all_of("HEALTHCHECK")[-1].partition("CMD ")[2])
            healthy = subprocess.run([sys.executable, *check[1:]], env=environment, check=False, timeout=30)
            assert healthy.returncode == 0
        finally:
            process.terminate()
            process.wait(30)
        assert "Read-only" not in log.read_text()
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        release(folder / "database")
