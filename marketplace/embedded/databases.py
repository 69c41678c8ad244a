"""Creates the cluster and its database, with a locale that recognises the letters of every script."""

import locale
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from .server import DATABASE, ROLE, Server, major, tail

BUILTIN_SINCE = 17
"""The first PostgreSQL with the builtin locale provider."""
CTYPES = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8")
"""Locales of the system that recognise letters, best first: glibc since 2.35, Debian's and musl have the
first; an older glibc has the third if it was installed, macOS the last. The builtin provider orders and
folds text by itself; trigrams and the text search parser use this locale."""
BEFORE, MOVING = f"{DATABASE}_before", f"{DATABASE}_moving"

Tell = Callable[[str], None]


def make_cluster(server: Server, *, fsync: bool) -> str | None:
    """Run initdb in a draft that is then renamed: a kill leaves no partial data folder. Returns the error."""
    if (server.data / "PG_VERSION").exists():
        return None
    ctype = find_ctype()
    if ctype is None:
        return (
            "this system has no UTF-8 locale: install one (apt-get install locales-all,"
            " dnf install glibc-langpack-en), or set DATABASE_URL"
        )
    parent = Path(tempfile.mkdtemp(prefix=".draft-", dir=server.home))
    try:
        if server.account:
            account = pwd.getpwnam(server.account)
            os.chown(parent, account.pw_uid, account.pw_gid)
        result = server.execute(
            "initdb", "-D", str(parent / "data"), "-U", ROLE, "--auth=trust", "-E", "UTF8",
            *_locale(server, ctype), *([] if fsync else ["--no-sync"]),
        )  # fmt: skip
        if result.returncode:
            return f"initdb failed in {server.home}: {tail(result.stderr or result.stdout)}"
        (parent / "data").rename(server.data)
    finally:
        shutil.rmtree(parent, ignore_errors=True)
    return None


def find_ctype() -> str | None:
    """A locale of this system under which letters of every script are letters."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in CTYPES:
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return None


def _locale(server: Server, ctype: str) -> list[str]:
    if major(server.bin) >= BUILTIN_SINCE:
        provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return [*provider, "--locale=C", f"--lc-ctype={ctype}"]
    return ["--locale=C", f"--lc-ctype={ctype}"]


def make_database(server: Server, tell: Tell) -> str | None:
    """Create the database, or move one of an earlier release with ASCII letters only. Returns the error.

    A database that cannot be moved is served unchanged, and readiness says so.
    """
    ctypes = _ctypes(server)
    if ctypes is None:
        return f"PostgreSQL does not tell its databases; see {server.log}"
    if DATABASE not in ctypes and BEFORE not in ctypes:
        return _create(server, DATABASE)
    if ctypes.get(DATABASE, "C") in {"C", "POSIX"}:
        problem = _move(server, tell, begun=DATABASE not in ctypes)
        if problem:
            tell(f"... it stays as it was, see LC_CTYPE in docs/operators.md: {problem}")
    elif BEFORE in ctypes:  # moved, but killed before the last step
        server.execute("dropdb", *server.connect, "--if-exists", BEFORE, timeout=None)
    return None


def _create(server: Server, name: str) -> str | None:
    """Create an empty database. Returns the error."""
    ctype = find_ctype()
    if ctype is None:
        return "this system has no UTF-8 locale"
    made = server.execute("createdb", *server.connect, "-T", "template0", f"--lc-ctype={ctype}", name)
    return f"createdb failed: {tail(made.stderr)}" if made.returncode else None


def _ctypes(server: Server) -> dict[str, str] | None:
    found = server.sql("postgres", "SELECT datname, datctype FROM pg_database")
    if found.returncode:
        return None
    return dict(line.split("|", 1) for line in found.stdout.splitlines())


def _move(server: Server, tell: Tell, *, begun: bool) -> str | None:
    """Dump into a new database, then let it replace the old one. Returns the error.

    The old one is renamed first, so that nobody writes into it any more. A kill may follow any step: the next
    start continues from there, and the old database stays until the copy is complete.
    """
    tell("... moving the database to LC_CTYPE C.UTF-8, so that search knows letters beyond ASCII (once)")
    if not begun:
        ended = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{DATABASE}'"  # noqa: S608 - a constant
        renamed = server.sql("postgres", ended, f"ALTER DATABASE {DATABASE} RENAME TO {BEFORE}")
        if renamed.returncode:
            return tail(renamed.stderr)
    problem = _copy(server)
    if problem is None:
        renamed = server.sql("postgres", f"ALTER DATABASE {MOVING} RENAME TO {DATABASE}")
        problem = tail(renamed.stderr) if renamed.returncode else None
    if problem is None:
        server.execute("dropdb", *server.connect, BEFORE, timeout=None)
        return None
    server.sql("postgres", f"ALTER DATABASE {BEFORE} RENAME TO {DATABASE}")
    server.execute("dropdb", *server.connect, "--if-exists", MOVING, timeout=None)
    return problem


def _copy(server: Server) -> str | None:
    """Copy all of the old database into a new one, or nothing. Returns the error."""
    server.execute("dropdb", *server.connect, "--if-exists", MOVING, timeout=None)
    problem = _create(server, MOVING)
    if problem:
        return problem
    common = {"env": server.environment(), "cwd": "/", **server.as_account()}
    with tempfile.TemporaryFile("w+") as complaints:
        with subprocess.Popen(  # noqa: S603 - our own program
            server.command("pg_dump", *server.connect, "-Fc", "-Z0", BEFORE),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            **common,
        ) as dump:
            restored = subprocess.run(  # noqa: S603 - our own program
                server.command("pg_restore", *server.connect, "-d", MOVING, "--exit-on-error", "-1"),
                stdin=dump.stdout,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                check=False,
                **common,
            )
        if dump.returncode or restored.returncode:
            complaints.seek(0)
            return tail(complaints.read())
    analyzed = server.sql(MOVING, "ANALYZE")
    return tail(analyzed.stderr) if analyzed.returncode else None
