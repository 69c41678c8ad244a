"""`flask doctor`: tells what is wrong and what to do, whatever is away, within its seconds, and no secret."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from marketplace.config import PROJECT_ROOT
from marketplace.doctor import machine, program
from marketplace.doctor.findings import Check, Finding, Status, fail, ok, run, skip, warn
from marketplace.outside.senders import SmtpMailer
from tests.deploy.test_environment import read_by_the_program
from tests.outside.smtp_server import StandIn
from tests.support.redis import RedisProcess, needs_redis

SECRET = "hunter2-hunter2"
OF_DATABASE = ("database", "connections", "clock")


def ask(instance: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "doctor", *arguments],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "INSTANCE_PATH": str(instance), **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in result.stdout + result.stderr
    return result


def doctor(instance: Path, **environ: str) -> tuple[int, dict[str, dict[str, str]], str]:
    """Its exit code, the checks by name, and everything that it said."""
    result = ask(instance, "--json", **environ)
    checks = {one["name"]: one for one in json.loads(result.stdout)["checks"]}
    return result.returncode, checks, result.stdout + result.stderr


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_all_is_well(tmp_path: Path, database_url: str) -> None:
    code, checks, said = doctor(tmp_path / "instance", DATABASE_URL=database_url)
    assert {name: one["detail"] for name, one in checks.items() if one["status"] == "fail"} == {}
    assert code == 0, said
    for name in ("python", "settings", *OF_DATABASE, "storage", "program", "migrations", "indexes", "worker"):
        assert checks[name]["status"] == "ok", checks[name]
    assert "PostgreSQL" in checks["database"]["detail"]
    assert not list((tmp_path / "instance" / "uploads").rglob("*.txt")), "it leaves no file behind"


def test_one_line_for_each_in_the_terminal(tmp_path: Path) -> None:
    result = ask(tmp_path / "instance", DATABASE_URL=f"postgresql://u:{SECRET}@127.0.0.1:1/x")
    assert result.returncode == 1
    said = result.stdout
    lines = said.splitlines()
    assert all(line[:4] in {"ok  ", "skip", "warn", "fail"} for line in lines)
    (told,) = (line for line in lines if line[6:].startswith("database"))
    assert told.startswith("fail")
    assert "-> start PostgreSQL" in told
    assert "\x1b" not in said, "no colours outside of a terminal"


def test_what_is_away_is_told_without_secrets(tmp_path: Path) -> None:
    code, checks, said = doctor(
        tmp_path / "instance",
        DATABASE_URL=f"postgresql://u:{SECRET}@127.0.0.1:1/x",
        REDIS_URL=f"redis://:{SECRET}@127.0.0.1:1",
        SMTP_URL=f"smtps://u:{SECRET}@127.0.0.1:1",
        TWILIO_AUTH_TOKEN=SECRET,
        SECRET_KEY=SECRET * 4,
    )
    assert code == 1
    assert {name for name, one in checks.items() if one["status"] == "fail"} == {"database", "redis", "mail"}
    assert all(checks[name]["advice"] for name in ("database", "redis", "mail"))
    assert {checks[name]["status"] for name in ("connections", "clock", "migrations", "worker")} == {"skip"}
    assert SECRET not in said


def test_what_hangs_holds_nothing_up(tmp_path: Path) -> None:
    """The command ends; how long it takes is bounded by the limits of the checks."""
    with ExitStack() as stack:
        database, mail, store, cache = (stack.enter_context(silent_server()) for _ in range(4))
        code, checks, _ = doctor(
            tmp_path / "instance",
            DATABASE_URL=f"postgresql://u:p@127.0.0.1:{database}/x",
            SMTP_URL=f"smtp://127.0.0.1:{mail}",
            REDIS_URL=f"redis://127.0.0.1:{cache}",
            STORAGE_URL="s3://bucket",
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{store}",
            AWS_ACCESS_KEY_ID="a",
            AWS_SECRET_ACCESS_KEY="b",
        )
    assert code == 1
    assert {checks[name]["status"] for name in ("database", "mail", "redis", "storage")} == {"fail"}
    assert checks["python"]["status"] == "ok"


def test_a_wrong_setting_is_a_finding(tmp_path: Path) -> None:
    code, checks, _ = doctor(tmp_path / "instance", PORT="high")
    assert code == 1
    assert checks["settings"]["detail"].startswith("PORT must be")
    assert checks["database"]["status"] == "skip"
    assert checks["memory"]["status"] in {"ok", "warn"}


def test_a_first_look_makes_no_database(tmp_path: Path) -> None:
    code, checks, _ = doctor(tmp_path / "instance")
    assert code == 0
    assert checks["database"]["status"] == "warn"
    assert "make run" in checks["database"]["advice"]
    assert not (tmp_path / "instance" / "postgres").exists()


@needs_redis
def test_redis_that_answers(tmp_path: Path) -> None:
    server = RedisProcess(tmp_path)
    try:
        server.start()
        _, checks, _ = doctor(tmp_path / "instance", REDIS_URL=f"redis://127.0.0.1:{server.port}")
    finally:
        server.stop()
    assert checks["redis"]["status"] == "ok", checks["redis"]


def test_checks_run_side_by_side_and_none_is_waited_for_too_long() -> None:
    never = threading.Event()

    def hang() -> Finding:
        never.wait()
        return ok("late")

    def stumble() -> Finding:
        raise ValueError(SECRET)

    found = run([Check("a", hang), Check("b", stumble), Check("c", lambda: ok("fine"))], 0.2)
    never.set()
    assert [name for name, _ in found] == ["a", "b", "c"]
    assert [finding.status for _, finding in found] == [Status.FAIL, Status.FAIL, Status.OK]
    assert "no answer" in found[0][1].detail
    assert "ValueError" in found[1][1].detail
    assert SECRET not in found[1][1].detail


def test_the_variables_are_those_that_the_program_reads() -> None:
    assert read_by_the_program() == machine.VARIABLES


@pytest.mark.parametrize("name", ["DATBASE_URL", "REDIS_URI", "CORS_ORIGIN", "MAIL_FORM", "APP_URI"])
def test_a_misspelt_variable_is_found(tmp_path: Path, name: str) -> None:
    finding = machine.look_at_settings({"INSTANCE_PATH": str(tmp_path), name: SECRET})
    assert finding.status is Status.WARN, finding
    assert name in finding.detail
    assert SECRET not in finding.detail


def test_other_peoples_variables_are_no_misspelling(tmp_path: Path) -> None:
    usual = [
        "PATH",
        "HOME",
        "HOSTNAME",
        "LANG",
        "PWD",
        "SHELL",
        "TERM",
        "USER",
        "LOGNAME",
        "AWS_PROFILE",
        "DISPLAY",
    ]
    usual += ["PGHOST", "PGPORT", "PYTHONPATH", "VIRTUAL_ENV", "DATABASE_PASSWORD", "SMTP_HOST", "REDIS_HOST"]
    environ = {"INSTANCE_PATH": str(tmp_path), **dict.fromkeys(usual, "x")}
    assert machine.look_at_settings(environ).status is Status.OK


@pytest.mark.parametrize(
    ("available", "allowed", "status"),
    [(8_000_000, "max", Status.OK), (8_000_000, "104857600", Status.FAIL), (300_000, "max", Status.WARN)],
)
def test_memory(tmp_path: Path, available: int, allowed: str, status: Status) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: 9000000 kB\nMemAvailable: {available} kB\n")
    (tmp_path / "max").write_text(allowed)
    assert machine.look_at_memory(tmp_path / "meminfo", tmp_path / "max").status is status
    assert machine.look_at_memory(tmp_path / "none").status is Status.SKIP


def test_background_work_that_nobody_does(app, make, context) -> None:  # type: ignore[no-untyped-def]  # as other tests on rows
    assert program.look_at_worker(app).status is Status.OK
    statement = text("""INSERT INTO job (kind, payload, status, run_at)
        VALUES ('x', '{}', :status, now() - interval '2 minutes')""")
    context.execute(statement, {"status": "dead"})
    assert program.look_at_worker(app).status is Status.WARN
    context.execute(statement, {"status": "pending"})
    finding = program.look_at_worker(app)
    assert finding.status is Status.FAIL
    assert "flask worker" in finding.advice


def test_the_mail_server_is_asked_and_sent_nothing() -> None:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        SmtpMailer(f"smtp://127.0.0.1:{server.port}", "a@b.example").check()
    finally:
        server.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
    assert server.seen.messages == []
    assert "EHLO" in {verb.upper() for verb in server.seen.verbs()}


def test_findings_know_how_bad_they_are() -> None:
    order = [one.status for one in (ok("x"), skip("x"), warn("x", "y"), fail("x", "y"))]
    assert order == list(Status)
