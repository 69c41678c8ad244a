"""One embedded server: its places, its programs, its locks."""

import fcntl
import hashlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

DATABASE = "marketplace"
ROLE = "app"
START_SECONDS = 60
ROOT_HOME = Path("/var/lib/marketplace-postgres")
"""Where the data lies when root starts the server: PostgreSQL refuses root, and the account that runs it
instead may not be let into the folders above the checkout."""
INSTANCE_FILE = "instance"
"""In a home of root's: whose data that is."""

USERS_LOCK = "users.lock"
"""Shared by every process that uses the server; the supervisor takes it alone when all are gone."""
START_LOCK = "start.lock"
"""Of whoever starts a supervisor."""
SUPERVISOR_LOCK = "supervisor.lock"
"""Of the supervisor, as long as it lives."""
SERVER_LOCK = "server.lock"
"""Inherited by the server and all its processes: who gets it knows that none of them is left."""

REJECTING = 1  # of pg_isready: it starts, or recovers, or stops


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class Server:
    """One embedded server: `home` holds data, socket, locks and log; `account` runs it (None: ourselves)."""

    home: Path
    run: Path
    bin: Path
    account: str | None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def url(self) -> str:
        """The address for SQLAlchemy: a Unix socket in a folder that only its owner may enter."""
        return f"postgresql+psycopg2://{ROLE}@/{DATABASE}?host={self.run}"

    @property
    def name(self) -> str:
        """How its processes call themselves: those of several servers on a machine are told apart."""
        return f"marketplace-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"

    @property
    def uid(self) -> int:
        """Whose its processes are."""
        return pwd.getpwnam(self.account).pw_uid if self.account else os.geteuid()

    @property
    def connect(self) -> list[str]:
        """Arguments of PostgreSQL's clients."""
        return ["-h", str(self.run), "-U", ROLE]

    def command(self, program: str, *arguments: str) -> list[str]:
        return [str(self.bin / program), *arguments]

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "LD_LIBRARY_PATH": str(self.bin.parent / "lib"),
        }

    def as_account(self) -> dict[str, Any]:
        """Arguments of subprocess that drop root's rights for those of `account`."""
        if self.account is None:
            return {}
        found = pwd.getpwnam(self.account)
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}

    def execute(
        self, program: str, *arguments: str, timeout: float | None = START_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs to its end, as the account that owns the data."""
        return subprocess.run(  # noqa: S603 - our own programs and arguments
            self.command(program, *arguments),
            env=self.environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **self.as_account(),
        )

    def sql(self, database: str, *statements: str) -> subprocess.CompletedProcess[str]:
        """Run statements one by one, each in a transaction of its own, until one fails."""
        commands = [part for statement in statements for part in ("-c", statement)]
        options = ["-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1"]
        return self.execute("psql", *self.connect, *options, *commands, timeout=None)

    def ping(self) -> int:
        """What pg_isready says: 0 connections are taken, 1 not yet or no more, 2 nobody is there."""
        return self.execute("pg_isready", "-q", *self.connect, "-d", "postgres", "-t", "2").returncode

    def answers(self) -> bool:
        """Whether connections are taken."""
        return self.ping() == 0


def take(path: Path) -> IO[bytes] | None:
    """The exclusive lock of a file, held until what is returned is closed; None when somebody has it."""
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def major(binaries: Path) -> int:
    """The major version of the programs in a folder; 0 when they do not run."""
    output = subprocess.run(  # noqa: S603 - our own program
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=False
    ).stdout
    heads = (word.split(".")[0] for word in output.split())
    return next((int(head) for head in heads if head.isdigit()), 0)


def tail(text: str) -> str:
    """The last lines of what a program said, as one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-400:] or "no message"
