"""scripts/backup.py on a running program: what is restored is what was there at one moment, or it says what is not."""

import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image
from sqlalchemy import make_url

from marketplace.config import PROJECT_ROOT
from marketplace.embedded.clusters import homes
from marketplace.embedded.users import ensure_running, release
from scripts import backup
from tests.deploy.conftest import start_role, wait_until_ready
from tests.e2e.conftest import Running, launch
from tests.support.postgres import query

pytestmark = pytest.mark.e2e

PASSWORD = "Correct-Horse-7"
KEY = "backups-" * 8


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script as an operator runs it, from another folder."""
    return subprocess.run(
        [sys.executable, str(PROJECT_ROOT / "scripts" / "backup.py"), *map(str, arguments)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True, text=True, check=False, timeout=120, cwd="/",
    )  # fmt: skip


def sign_up(server: Running, number: int) -> requests.Response:
    person = {"username": f"person{number}", "email": f"person{number}@example.org", "password": PASSWORD,
              "first_name": "Per", "last_name": "Son"}  # fmt: skip
    return server.api("POST", "/user/sign-up", json=person)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A program with a person who has a picture."""
    running = launch(
        tmp_path_factory.mktemp("backed") / "instance", RATE_LIMIT_ENABLED="false", SECRET_KEY=KEY
    )
    token = sign_up(running, 0).json()["tokens"]["access_token"]
    proof = running.mail_to("person0@example.org")["data"]["token"]
    running.api("POST", "/user/email/verify", json={"token": proof}, token=token)
    logged_in = running.api("POST", "/user/login", json={"login": "person0", "password": PASSWORD})
    picture = io.BytesIO()
    Image.new("RGB", (80, 60), "teal").save(picture, "PNG")
    stored = running.api(
        "PUT", "/user/me/avatar", token=logged_in.json()["access_token"], headers={"If-Match": "*"},
        files={"file": ("me.png", picture.getvalue(), "image/png")},
    )  # fmt: skip
    assert stored.status_code == 200, stored.text
    yield running
    running.stop()


@pytest.fixture(scope="module")
def made(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup that was made while people signed up all the time."""
    folder = tmp_path_factory.mktemp("backups")
    over = threading.Event()
    done: list[int] = []

    def crowd(first: int) -> None:
        number = first
        while not over.is_set():
            done.append(sign_up(server, number).status_code)
            number += 1

    threads = [threading.Thread(target=crowd, args=(first,)) for first in (1_000, 2_000)]
    for thread in threads:
        thread.start()
    try:
        result = run("make", folder, INSTANCE_PATH=str(server.instance))
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert result.returncode == 0, result.stderr
    assert len(done) > 2, "nothing happened meanwhile"
    assert set(done) == {201}, "a backup stands in nobody's way"
    [path] = backup.finished(folder)
    return path


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database of another server in which nothing is."""
    folder = tmp_path_factory.mktemp("fresh")
    yield ensure_running(folder, fsync=False)
    release(folder)


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """The backup, to be damaged."""
    return Path(shutil.copytree(made, tmp_path / made.name))


def edit(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    path = folder / backup.MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_it_holds_what_was_there(made: Path) -> None:
    manifest = json.loads((made / backup.MANIFEST).read_text())
    assert manifest["tables"]["user"]["rows"] >= 1
    assert manifest["tables"]["city"]["rows"] > 30_000
    assert manifest["uploads"], "the picture"
    assert not [path for path in made.rglob("*") if path.name.endswith(".part")]
    for path in (made, made / backup.DUMP, made / backup.MANIFEST):
        assert path.stat().st_mode & 0o077 == 0, "passwords' hashes are nobody else's"


def test_a_drill_proves_it_and_leaves_nothing(made: Path) -> None:
    result = run("drill", made, TMPDIR=str(made.parent))
    assert result.returncode == 0, result.stderr
    assert "the backup can be restored" in result.stdout
    assert [path.name for path in made.parent.iterdir()] == [made.name]
    assert not [home for home in homes() if home.instance and home.instance.is_relative_to(made.parent)]


def test_what_is_restored_serves(made: Path, empty: str, tmp_path: Path) -> None:
    """The person logs in by the old password, with the picture, at a server on the restored database."""
    settings = {"DATABASE_URL": empty, "INSTANCE_PATH": str(tmp_path / "new"), "SECRET_KEY": KEY}
    result = run("restore", made, **settings)
    assert result.returncode == 0, result.stderr
    role = start_role("marketplace-web.service", tmp_path, **settings)
    try:
        wait_until_ready(role)
        login = {"login": "person0", "password": PASSWORD}
        answer = requests.post(f"{role.base}/api/v1/user/login", json=login, timeout=15)
        assert answer.status_code == 200, answer.text
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        profile = requests.get(f"{role.base}/api/v1/user/me", headers=token, timeout=15).json()
        assert profile["username"] == "person0"
        assert list((tmp_path / "new" / "uploads").rglob("*.webp"))
    finally:
        role.stop()
    again = run("restore", made, **settings)
    assert again.returncode == 1
    assert "is not empty" in again.stderr


def test_nothing_is_restored_over_what_is_there(
    made: Path, server: Running, empty: str, tmp_path: Path
) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "here").touch()
    result = run("restore", made, DATABASE_URL=empty, INSTANCE_PATH=str(tmp_path))
    assert result.returncode == 1
    assert f"{tmp_path}/uploads is not empty" in result.stderr
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert query(empty, tables) == 0
    result = run(
        "restore",
        made,
        DATABASE_URL=empty.replace("/marketplace", "/nowhere"),
        INSTANCE_PATH=str(tmp_path / "x"),
    )
    assert result.returncode == 1
    assert result.stderr.startswith("PostgreSQL: ")


def test_a_row_or_a_count_that_differs_is_told(copy: Path, empty: str, tmp_path: Path) -> None:
    """What pg_restore made is compared with the manifest, row by row."""

    def change(manifest: dict[str, object]) -> None:
        tables = manifest["tables"]
        assert isinstance(tables, dict)
        tables["user"]["rows"] += 1
        tables["category"]["digest"] = "1"
        tables["never_made"] = {"rows": 0, "digest": "0"}
        del tables["job"]

    edit(copy, change)
    result = run("restore", copy, DATABASE_URL=empty, INSTANCE_PATH=str(tmp_path / "new"))
    assert result.returncode == 1
    for said in ("never_made is missing", "job is too much", "category differs", "user has "):
        assert said in result.stderr


def test_the_digest_sees_one_changed_value(empty: str) -> None:
    with backup.contextlib.closing(backup.psycopg2.connect(backup.libpq_dsn(empty))) as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE one (id int, at timestamptz, t text, b bytea, f float8, j jsonb)")
            cursor.execute(
                "INSERT INTO one VALUES (1, now(), 'ä', '\\x00ff', 0.1, '{\"a\": 1}'), (2, NULL, '', '', 'NaN', NULL)"
            )
        first = backup.content(connection)["one"]
        with connection.cursor() as cursor:
            cursor.execute(
                "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET bytea_output = 'escape'"
            )
            cursor.execute("SET extra_float_digits = -3; UPDATE one SET id = id")
        assert backup.content(connection)["one"] == first
        with connection.cursor() as cursor:
            cursor.execute("UPDATE one SET t = 'a' WHERE id = 1")
        assert backup.content(connection)["one"] != first


@pytest.mark.parametrize("damage", ["changed", "cut", "gone", "more", "no manifest", "bad manifest"])
def test_a_damaged_backup_is_not_restored(copy: Path, damage: str) -> None:
    [picture, *_] = [path for path in (copy / backup.UPLOADS).rglob("*") if path.is_file()]
    dump, manifest = copy / backup.DUMP, copy / backup.MANIFEST
    if damage == "changed":
        picture.write_bytes(picture.read_bytes()[:-1] + b"x")
    elif damage == "cut":
        dump.write_bytes(dump.read_bytes()[:-1])
    elif damage == "gone":
        dump.unlink()
    elif damage == "more":
        picture.with_name("more").touch()
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text("[]")
    for command in ("check", "restore", "drill"):
        result = run(command, copy)
        assert result.returncode == 1, command
        assert result.stderr.count("\n") == 1, result.stderr


def test_a_whole_one_is_as_it_was_written(made: Path) -> None:
    assert run("check", made).returncode == 0


@pytest.mark.parametrize("place", ["me:se%40cret@127.0.0.1/db", "me@127.0.0.1/db?password=se%40cret"])
def test_no_password_stands_in_a_command_line(tmp_path: Path, place: str) -> None:
    """Everybody on the machine sees those by `ps`."""
    program = tmp_path / "show"
    program.write_text('#!/bin/sh\necho "$@ and $PGPASSWORD" >&2\nexit 1\n')
    program.chmod(0o700)
    with pytest.raises(backup.Failed) as told:
        backup._run(program, f"postgresql://{place}", "--clean")
    assert str(told.value) == "show: --dbname=postgresql://me@127.0.0.1/db --clean and se@cret"


def test_a_file_that_was_damaged_in_an_earlier_backup_is_copied_again(tmp_path: Path) -> None:
    """Else its damage would go from backup to backup, each of which would say that all is as it was written."""
    uploads, first, second = (tmp_path / name for name in ("uploads", "first", "second"))
    (uploads / "a").mkdir(parents=True)
    for name in ("a/one", "a/two"):
        (uploads / name).write_bytes(b"good")
    backup.copy_uploads(uploads, first, None)
    known = backup.hashes(first)
    damaged = first / "a" / "one"
    times = damaged.stat()
    damaged.write_bytes(b"baad")
    os.utime(damaged, ns=(times.st_atime_ns, times.st_mtime_ns))
    backup.copy_uploads(uploads, second, first)
    assert backup.sound_hashes(uploads, second, known) == known == backup.hashes(second)
    assert (second / "a" / "two").samefile(first / "a" / "two")
    (uploads / "a" / "one").unlink()
    backup.copy_uploads(uploads, tmp_path / "third", first)
    assert backup.sound_hashes(uploads, tmp_path / "third", known) == {"a/two": known["a/two"]}


def test_files_are_linked_and_old_backups_go(server: Running, tmp_path: Path) -> None:
    settings = {"INSTANCE_PATH": str(server.instance)}
    for name in ("20200101T000000Z", ".unfinished-x", "other"):
        (tmp_path / name).mkdir()
    assert run("make", tmp_path, "--keep", "2", **settings).returncode == 0
    [first] = backup.finished(tmp_path)
    assert run("make", tmp_path, "--keep", "2", **settings).returncode == 0
    old, new = backup.finished(tmp_path)
    assert old == first
    [picture, *_] = [path.relative_to(old) for path in (old / backup.UPLOADS).rglob("*") if path.is_file()]
    assert (old / picture).samefile(new / picture)
    assert not (server.instance / picture).samefile(new / picture)
    assert run("make", tmp_path, "--keep", "2", **settings).returncode == 0
    assert backup.finished(tmp_path)[0] == new
    assert (tmp_path / "20200101T000000Z").is_dir(), "what is no whole backup is not touched"
    assert run("check", backup.finished(tmp_path)[-1]).returncode == 0


def test_a_failure_leaves_nothing(tmp_path: Path, empty: str) -> None:
    """A database without the program's tables is none of its backups."""
    result = run("make", tmp_path / "backups", DATABASE_URL=empty, INSTANCE_PATH=str(tmp_path))
    assert result.returncode == 1
    assert "alembic_version" in result.stderr
    assert list((tmp_path / "backups").iterdir()) == []


def program(folder: Path, name: str, says: str) -> Path:
    """A stand-in for a program of PostgreSQL."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def test_the_programs_of_the_servers_version_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version differences bite: pg_dump 15 cannot read 17; pg_restore 18 sends 15 what it does not know."""
    found = {
        version: program(
            tmp_path / str(version), "pg_dump", f"echo 'pg_dump (PostgreSQL) {version}.4 (Debian)'"
        )
        for version in (15, 17, 18)
    }
    program(tmp_path / "broken", "pg_dump", "exit 1")
    folders = [tmp_path / name for name in ("broken", "18", "15", "missing", "17")]
    monkeypatch.setattr(backup, "_folders", lambda: iter(folders))
    assert backup.tool("pg_dump", 17) == found[17]
    assert backup.tool("pg_dump", 16) == found[17]
    assert backup.tool("pg_dump", 15, at_least=18) == found[18]
    with pytest.raises(backup.Failed, match="install postgresql-client-19"):
        backup.tool("pg_dump", 19)


def test_no_password_is_seen_among_the_processes(tmp_path: Path) -> None:
    spy = program(tmp_path, "pg_dump", f'echo "$@ / $PGPASSWORD" > {tmp_path}/seen')
    url = make_url("postgresql+psycopg2://me:s%40cret@db.example.org:5433/name?sslmode=require")
    backup._run(spy, url.render_as_string(hide_password=False), "--x")
    seen = (tmp_path / "seen").read_text().strip()
    assert seen == "--dbname=postgresql://me@db.example.org:5433/name?sslmode=require --x / s@cret"
