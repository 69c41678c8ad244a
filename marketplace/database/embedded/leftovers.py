"""What a server that was killed leaves behind: processes without a parent, and files with a number that
somebody else may have by now.
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
    """The processes of one server, by id: what accepts connections, and what that one has started."""

    parents: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


def processes(server: Server) -> Processes:
    """Those that belong to the data of `server`. Without /proc (macOS) none are found."""
    found = Processes()
    data, title = os.fsencode(server.data), f"postgres: {server.name}: ".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
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
    """Kill the server's processes whose parent was killed: they would go on with what they were at, and
    notice only when it is done. While the parent lives it stops in order, and they are its business; with
    `press` it stops at once, without a checkpoint.
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
    """Let PostgreSQL take the lock files of a server that is gone for what they are.

    PostgreSQL believes that a server runs while any process of the same account has the number that they
    name: a neighbour's, after the number was given out again. Only who holds `server.lock`, which every
    process of the server inherits, may call this. The number becomes our own, that of the parent, which
    PostgreSQL knows to be no server; all else stays, above all the key of the shared memory, which it then
    asks whether somebody still uses the data.
    """
    lock = server.data / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError):
        number, _, rest = lock.read_bytes().partition(b"\n")
        if number.strip().lstrip(b"-").isdigit():
            with lock.open("r+b") as file:
                file.write(b"%d\n%s" % (os.getpid(), rest))
                file.truncate()
        else:
            lock.unlink()  # written by halves, as the machine stopped
    for name in (SOCKET, f"{SOCKET}.lock"):
        (server.run / name).unlink(missing_ok=True)
