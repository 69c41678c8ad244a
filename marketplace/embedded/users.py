"""The clients of the embedded server: each holds a shared lock, and starts the supervisor if needed."""

import atexit
import fcntl
import logging
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from .places import home_of, layout
from .server import (
    SERVER_LOCK,
    START_LOCK,
    START_SECONDS,
    SUPERVISOR_LOCK,
    USERS_LOCK,
    EmbeddedPostgresError,
    Server,
    major,
    take,
)

RELEASE_SECONDS = 5
LOOK_SECONDS = 0.1
MAX_PAUSE = 30.0
"""Seconds between two tries to start a supervisor, when that fails repeatedly."""
SUPERVISE = (
    "import sys; sys.path.append(sys.argv.pop(1)); from embedded.supervisor import main; main(sys.argv[1:])"
)

log = logging.getLogger(__name__)

_held: dict[Path, IO[bytes]] = {}
"""The locks that this process holds, by server; they must stay open as long as the process lives."""
_never = threading.Event()


def ensure_running(instance_path: Path, *, fsync: bool = True) -> str:
    """The URL of the embedded server of `instance_path`, which from now on runs while this process lives.

    `fsync=False` trades safety for speed; for tests. Raises EmbeddedPostgresError.
    """
    try:
        server = layout(instance_path)
        fresh = _hold(server)
        if not server.answers():
            _start(server, fsync=fsync)
    except subprocess.TimeoutExpired:
        raise EmbeddedPostgresError(f"PostgreSQL in {instance_path} does not answer") from None
    except OSError as error:
        place = error.filename or instance_path
        raise EmbeddedPostgresError(f"embedded PostgreSQL: {place}: {error.strerror or error}") from None
    if fresh is not None:
        threading.Thread(
            target=_guard, args=(server, fresh, fsync), name="embedded-postgres", daemon=True
        ).start()
    return server.url


def release(instance_path: Path) -> None:
    """Release this process's share of the server, and wait until it has stopped, unless others use it."""
    home = home_of(instance_path)
    lock = _held.pop(home, None)
    if lock is None:
        return
    lock.close()
    deadline = time.monotonic() + RELEASE_SECONDS
    while time.monotonic() < deadline:
        try:
            gone = take(home / SERVER_LOCK)
        except FileNotFoundError:
            return  # the cluster was removed meanwhile
        if gone is not None:
            gone.close()
            return
        time.sleep(0.02)


def _hold(server: Server) -> IO[bytes] | None:
    """Count this process among the users; waits while the server is being stopped. None on success."""
    if server.home in _held:
        return None
    lock = (server.home / USERS_LOCK).open("ab")
    fcntl.flock(lock, fcntl.LOCK_SH)
    _held[server.home] = lock
    atexit.register(lock.close)
    return lock


def _start(server: Server, *, fsync: bool) -> None:
    """Wait until the server answers; start a supervisor when there is none."""
    with (server.home / START_LOCK).open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        deadline = time.monotonic() + START_SECONDS
        while not server.answers():
            lock = take(server.home / SUPERVISOR_LOCK)
            if lock is not None:
                with lock:
                    _supervise(server, lock, fsync=fsync)
                return
            # A supervisor runs: it restarts the server, or ends with it.
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL does not answer; see {server.log}")
            time.sleep(LOOK_SECONDS)


def _supervise(server: Server, lock: IO[bytes], *, fsync: bool) -> None:
    """Start a supervisor, which takes over the lock, and wait until the server answers."""
    _check_version(server)
    places = [str(server.home), str(server.run), str(server.bin)]
    folder = str(Path(__file__).parent.parent)
    with (server.home / "supervisor.log").open("ab") as complaints:
        supervisor = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-IS", "-c", SUPERVISE, folder, *places, server.account or "", str(int(fsync))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            pass_fds=[lock.fileno()],
            cwd="/",
            start_new_session=True,
        )
    assert supervisor.stdout is not None
    said = ""
    with supervisor.stdout as answer:
        for line in answer:
            said = line.decode().strip()
            if not said.startswith("..."):
                break
            log.warning("embedded PostgreSQL: %s", said.removeprefix("...").strip())
            said = ""
    if said != "ready":
        raise EmbeddedPostgresError(said or "the supervisor of the embedded PostgreSQL died at its start")
    # The supervisor outlives this object on purpose; without this line Python would warn that it still runs.
    supervisor.returncode = 0


def _guard(server: Server, share: IO[bytes], fsync: bool) -> None:
    """Start another supervisor when the present one was killed, as long as we use the server."""
    pause = 1.0
    while _held.get(server.home) is share:
        try:
            with (server.home / SUPERVISOR_LOCK).open("ab") as gone:
                fcntl.flock(gone, fcntl.LOCK_SH)
        except FileNotFoundError:
            return  # the cluster was removed
        if _held.get(server.home) is not share:
            return
        try:
            _start(server, fsync=fsync)
            pause = 1.0
        except (EmbeddedPostgresError, OSError, subprocess.TimeoutExpired) as error:
            log.warning("the embedded PostgreSQL does not come back", extra={"reason": str(error)})
            pause = min(pause * 2, MAX_PAUSE)
        # The supervisor of an earlier release holds no such lock.
        _never.wait(pause)


def _check_version(server: Server) -> None:
    marker = server.data / "PG_VERSION"
    if not marker.exists():
        return
    found, wanted = marker.read_text().strip(), str(major(server.bin))
    if found != wanted:
        raise EmbeddedPostgresError(
            f"{server.data} is of PostgreSQL {found}, the installed one is {wanted}: run it with PostgreSQL"
            f" {found} and move the data by pg_dump, or choose another INSTANCE_PATH; nothing was changed"
        )
