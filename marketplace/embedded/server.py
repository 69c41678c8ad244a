"""One embedded server: its folders, its programs, its locks."""

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
"""The folder of the data when root starts the server: PostgreSQL refuses root, and the account that runs it
instead may have no access to the folders above the checkout."""
INSTANCE_FILE = "instance"
"""A file in a cluster folder of root: names the instance of the data."""

USERS_LOCK = "users.lock"
"""Shared by every process that uses the server; the supervisor takes it exclusively when all are gone."""
START_LOCK = "start.lock"
"""Held by a process that starts a supervisor."""
SUPERVISOR_LOCK = "supervisor.lock"
"""Held by the supervisor as long as it lives."""
SERVER_LOCK = "server.lock"
"""Inherited by the server and all its processes: its new holder knows that none of them is left."""

REJECTING = 1  # pg_isready: the server is starting, recovering or stopping


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
        """The name of its processes, which tells the servers on a machine apart."""
        return f"marketplace-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"

    @property
    def uid(self) -> int:
        """The account id of its processes."""
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
        """Arguments of subprocess that replace root's rights by those of `account`."""
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
        """The answer of pg_isready: 0 accepts connections, 1 not yet or no longer, 2 no server."""
        return self.execute("pg_isready", "-q", *self.connect, "-d", "postgres", "-t", "2").returncode

    def answers(self) -> bool:
        """Whether the server accepts connections."""
        return self.ping() == 0


def take(path: Path) -> IO[bytes] | None:
    """The exclusive lock of a file, held until the returned file is closed; None when it is taken."""
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
    """The last lines of a program's output, joined into one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-400:] or "no message"
