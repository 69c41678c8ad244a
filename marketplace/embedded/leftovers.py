"""Cleans up after a killed server: orphaned processes, and lock files with a process id that another process
may have by now.
"""

import contextlib
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

from .server import Server

SOCKET = ".s.PGSQL.5432"


@dataclass
class Processes:
    """The processes of one server, by id: the postmaster, and the processes that it has started."""

    parents: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


def processes(server: Server) -> Processes:
    """The processes on the data of `server`. Without /proc (macOS) none are found."""
    found = Processes()
    data, title = os.fsencode(server.data), f"postgres: {server.name}: ".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has ended meanwhile
            command = (folder / "cmdline").read_bytes()
            if folder.stat().st_uid != server.uid:
                continue
            arguments = command.split(b"\0")
            if command.startswith(title):
                found.children.append(int(folder.name))
            elif arguments[1:3] == [b"-D", data] and arguments[0].endswith(b"/postgres"):
                found.parents.append(int(folder.name))
    return found


def end_orphans(server: Server, *, press: bool = False) -> None:
    """Kill the server's processes whose parent was killed: they would go on with their work, and notice only
    when it is done. A parent that lives is stopped in order and ends them itself; with `press` it stops at
    once, without a checkpoint.
    """
    found = processes(server)
    if not found.parents:
        _send(signal.SIGKILL, found.children)
    elif press:
        _send(signal.SIGQUIT, found.parents)


def _send(number: signal.Signals, pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def disown_files(server: Server) -> None:
    """Let PostgreSQL recognise the lock files of a dead server as stale.

    PostgreSQL believes that a server runs while any process of the same account has the process id in these
    files: possibly an unrelated one, after the id was reused. Only a holder of `server.lock`, which every
    process of the server inherits, may call this. The id is replaced by our own, that of the parent, which
    PostgreSQL knows is no server; the rest stays, above all the key of the shared memory, by which PostgreSQL
    then checks whether anybody still uses the data.
    """
    lock = server.data / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError):
        number, _, rest = lock.read_bytes().partition(b"\n")
        if number.strip().lstrip(b"-").isdigit():
            with lock.open("r+b") as file:
                file.write(b"%d\n%s" % (os.getpid(), rest))
                file.truncate()
        else:
            lock.unlink()  # partly written when the machine stopped
    for name in (SOCKET, f"{SOCKET}.lock"):
        (server.run / name).unlink(missing_ok=True)
