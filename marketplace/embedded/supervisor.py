"""The process that looks after the server: starts it, restarts it when it dies, stops it at the end."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType

from .databases import make_cluster, make_database
from .leftovers import disown_files, end_orphans
from .server import REJECTING, SERVER_LOCK, START_SECONDS, USERS_LOCK, Server, tail, take

PR_SET_PDEATHSIG = 1
RETRY_SECONDS = 8
"""How long to retry a server that ends at once before reporting a problem."""
STOP_SECONDS = 10
"""How long the server may take to stop in order, including its checkpoint. A server that restarts after a
crash of one of its processes may forget the request to stop (PostgreSQL 18): it is then forced to end, and
recovers at the next start."""
MAX_PAUSE = 30
SETTINGS = (
    "listen_addresses=",
    "max_connections=200",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
    # With PostgreSQL's defaults a bulk load makes a checkpoint every 15 seconds.
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    # Statements and the details of errors contain values, such as password hashes and addresses.
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "log_line_prefix=%m [%p] %a ",
)
UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
"""Settings of the tests' servers, which live for minutes: lost data is made again, and statistics that come
while a test runs would change its plans."""


class Supervisor:
    """Runs in a process of its own, which has inherited `supervisor.lock`; see the package."""

    def __init__(self, server: Server, *, fsync: bool) -> None:
        self._server = server
        self._fsync = fsync
        self._stopping = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run until the last user is gone, or the server cannot be started in the first place."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ignore)
        problem = (
            make_cluster(self._server, fsync=self._fsync)
            or self._launch()
            or make_database(self._server, self._tell)
        )
        self._tell(problem or "ready")
        if problem:
            self._stop()
            return
        sys.stdout.close()
        threading.Thread(target=self._wait_for_last_user, daemon=True).start()
        self._watch()

    def _ignore(self, _number: int, _frame: FrameType | None) -> None:
        """Ignore the signal: processes that use the server decide about its end, by holding the lock."""

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def _launch(self) -> str | None:
        """Start the server and wait until it answers. Returns the error, if any."""
        log = self._server.log
        deadline = time.monotonic() + START_SECONDS
        give_up = time.monotonic() + RETRY_SECONDS
        press = time.monotonic() + STOP_SECONDS
        while True:
            begun = self._spawn(press=time.monotonic() > press)
            while begun and self._child is not None and self._child.poll() is None:
                state = self._server.ping()
                if state == 0:
                    return None
                if state == REJECTING:  # the server recovers, however long that takes
                    deadline = time.monotonic() + START_SECONDS
                if time.monotonic() > deadline:
                    return f"PostgreSQL does not get ready; see {log}"
                time.sleep(0.03)
            if begun and time.monotonic() > give_up:
                return f"PostgreSQL does not start: {tail(log.read_text(errors='replace'))}"
            if time.monotonic() > deadline:
                return f"another server still uses the data in {self._server.data}"
            time.sleep(0.1)

    def _spawn(self, *, press: bool) -> bool:
        """Start the server once; False while processes of an earlier one still use the data. `press`: its
        time to stop has passed.
        """
        server = self._server
        lock = take(server.home / SERVER_LOCK)
        if lock is None:
            end_orphans(server, press=press)
            return False
        settings = [*SETTINGS, f"unix_socket_directories={server.run}", f"cluster_name={server.name}"]
        settings += [] if self._fsync else UNSAFE
        arguments = [part for setting in settings for part in ("-c", setting)]
        with lock, server.log.open("ab") as log, self._stopping:
            disown_files(server)
            self._child = subprocess.Popen(  # noqa: S603 - our own program
                server.command("postgres", "-D", str(server.data), *arguments),
                env=server.environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock.fileno()],
                start_new_session=True,
                preexec_fn=partial(_die_with_parent, os.getpid()),  # noqa: PLW1509 - one thread, or one that only waits for a lock
                **server.as_account(),
            )
        return True

    def _wait_for_last_user(self) -> None:
        with (self._server.home / USERS_LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self._stopping:
                self._stop()
                # Ends the process with the locks still held: a new one finds the server gone, not stopping.
                os._exit(0)

    def _stop(self) -> None:
        child = self._child
        if child is None or child.poll() is not None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT):  # PostgreSQL's fast and immediate shutdown
            child.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)
                return
        child.kill()
        end_orphans(self._server)

    def _watch(self) -> None:
        """Restart the server when it dies, as long as somebody uses it."""
        pause = 1
        while True:
            assert self._child is not None
            self._child.wait()
            problem = self._launch()
            if problem is None:
                pause = 1
                continue
            sys.stderr.write(f"{problem}\n")
            sys.stderr.flush()
            time.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)


def _die_with_parent(parent: int) -> None:
    """On Linux the server gets its fast shutdown even when the supervisor is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:  # it was killed before we could say so
            os._exit(1)


def main(arguments: Sequence[str]) -> None:
    """The program that `users` starts."""
    os.umask(0o077)
    home, run, binaries, account, fsync = arguments
    server = Server(Path(home), Path(run), Path(binaries), account or None)
    Supervisor(server, fsync=fsync == "1").run()
