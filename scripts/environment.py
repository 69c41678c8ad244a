"""Makes the virtual environment and installs what a lock file names; `make` calls it before everything else.

    python scripts/environment.py FOLDER run|dev|s3

Needs nothing but Python 3.11 and its venv module. When all is in place it says nothing and takes 50 ms. Two
at once take turns. uv installs, in seconds; pip, which brings uv, does it when uv cannot
(docs/decisions/0018-install-and-start.md).
"""

import ast
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "run": ("requirements.txt", "requirements-embedded.txt"),
    "dev": ("requirements-dev.txt",),
    "s3": ("requirements-s3.txt",),
}
NAMES = {"run": "Packages", "dev": "Packages for development", "s3": "Packages of an S3 for the tests"}
STEPS = 5
"""Of a first start: these two, and three of marketplace/launch.py."""
EXACTLY = ("--no-deps", "--require-hashes")
"""The lock is the whole closure: nothing is looked up that it does not name."""
BEAT_SECONDS = 2


class Failed(Exception):
    """Why there is no environment, for people."""


def main() -> int:
    """Exit code; 1 with an explanation when something is missing or cannot be installed."""
    folder, kind = Path(sys.argv[1]).absolute(), sys.argv[2]
    try:
        if not is_ready(folder, kind):
            with turn(folder):
                prepare(folder, kind)
    except Failed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def prepare(folder: Path, kind: str) -> None:
    """Make what is missing; whoever waited for its turn finds it made."""
    if not is_made(folder):
        make(folder)
    if is_ready(folder, kind):
        return
    with step(2, NAMES[kind], "5 s; a minute where pip has to do it"):
        target = folder
        if kind == "s3":
            # moto depends on what does not go with ours: an environment of its own within the other one.
            target = folder / "s3"
            shutil.rmtree(target, ignore_errors=True)
            run([str(python_of(folder)), "-m", "venv", str(target)])
        install(folder, target, kind)
    stamp(folder, kind).write_text(wanted(kind))


def wanted(kind: str) -> str:
    """What the stamp of an installed environment says."""
    return "".join((ROOT / name).read_text() for name in LOCKS[kind])


def stamp(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.stamp"


def identity() -> str:
    """Whose environment it is: it is made anew when the checkout has moved, or for another Python."""
    return f"{ROOT}\n{sys.version_info.major}.{sys.version_info.minor}\n"


def python_of(folder: Path) -> Path:
    return folder / "bin" / "python"


def says(path: Path, text: str) -> bool:
    try:
        return path.read_text() == text
    except OSError:
        return False


def is_made(folder: Path) -> bool:
    if not says(folder / "made.stamp", identity()):
        return False
    # Its Python may have gone, or been replaced by a newer one.
    return subprocess.run([python_of(folder), "-c", ""], capture_output=True, check=False).returncode == 0


def is_ready(folder: Path, kind: str) -> bool:
    if not says(folder / "made.stamp", identity()) or not python_of(folder).exists():
        return False
    # What development needs includes what the program needs.
    return any(says(stamp(folder, one), wanted(one)) for one in ((kind, "dev") if kind == "run" else (kind,)))


@contextlib.contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Hold the lock beside the environment; the kernel lets go of it, however its holders end: what this one
    has started holds it too, as an installer may outlive whoever was told to end.
    """
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another `make` prepares the environment; waiting for it ...\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(folder: Path) -> None:
    """An empty environment with pip. Raises Failed."""
    try:
        __import__("ensurepip")
        __import__("venv")
    except ImportError:
        raise Failed("Python's venv module is missing: apt-get install python3-venv") from None
    with step(1, "Virtual environment", "5 s"):
        shutil.rmtree(folder, ignore_errors=True)
        # Of the Python beneath, when this one is itself of an environment, as that of a checkout that moved.
        beneath = getattr(sys, "_base_executable", sys.executable)
        run([beneath, "-m", "venv", str(folder)])
        (folder / "made.stamp").write_text(identity())


def install(folder: Path, target: Path, kind: str) -> None:
    """Install the lock files of `kind` into `target`. Raises Failed."""
    files = [part for name in LOCKS[kind] for part in ("-r", str(ROOT / name))]
    python = str(python_of(target))
    pip = pip_command(python_of(folder))
    try:
        # Any version will do; that of the lock for development takes its place later on.
        if not (folder / "bin" / "uv").exists():
            run([*pip, *EXACTLY, "--only-binary=:all:", "-r", str(ROOT / "requirements-uv.txt")])
        settings = pip_settings(python_of(folder))
        uv = [str(folder / "bin" / "uv"), "pip", "install", "--quiet", "--python", python]
        if settings.get("no-index", "0").lower() in {"1", "true", "yes", "on"}:
            uv.append("--no-index")
        run([*uv, *EXACTLY, *files], uv_environment(os.environ, settings))
    except Failed as error:
        say(f"\n      uv cannot do it ({str(error).splitlines()[-1]}), pip does ")
        run([*pip_command(python_of(target)), *EXACTLY, *files])


def pip_command(python: Path) -> list[str]:
    """pip, which says nothing but errors: it warns of each place of an index that lacks a package."""
    return [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]


def pip_settings(python: Path) -> dict[str, str]:
    """What pip's files and variables say; variables count more than files, `install` more than `global`."""
    answer = run([str(python), "-m", "pip", "config", "list"])
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in answer.splitlines():
        place, _, value = line.partition("=")
        section, _, name = place.rpartition(".")
        if section in found:
            found[section][name] = str(ast.literal_eval(value))
    return found["global"] | found["install"] | found[":env:"]


def uv_environment(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The variables that make uv do as pip was told; what is set for uv already stays."""
    words = {name: value.split() for name, value in settings.items()}
    told = {
        "UV_DEFAULT_INDEX": settings.get("index-url"),
        "UV_INDEX": " ".join(words.get("extra-index-url", ())),
        "UV_FIND_LINKS": ",".join(words.get("find-links", ())),
        "UV_INSECURE_HOST": " ".join(words.get("trusted-host", ())),
        "UV_HTTP_TIMEOUT": settings.get("timeout") or settings.get("default-timeout"),
        "SSL_CERT_FILE": settings.get("cert")
        or environ.get("REQUESTS_CA_BUNDLE")
        or environ.get("CURL_CA_BUNDLE"),
        "SSL_CLIENT_CERT": settings.get("client-cert"),
        "HTTPS_PROXY": settings.get("proxy"),
        "HTTP_PROXY": settings.get("proxy"),
        # The hashes say which file it is: whichever index has it, will do.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_NO_CONFIG": "1",
    }
    return {**{name: value for name, value in told.items() if value}, **environ}


@contextlib.contextmanager
def step(number: int, name: str, usual: str) -> Iterator[None]:
    began = time.monotonic()
    say(f"[{number}/{STEPS}] {name} ({usual}) ..")
    try:
        yield
    except BaseException:
        say("\n")
        raise
    say(f" {time.monotonic() - began:.0f} s\n")


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end, with a sign of life now and then; what it wrote. Raises Failed."""
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            close_fds=False,
        )
        while True:
            try:
                code = child.wait(BEAT_SECONDS)
                break
            except subprocess.TimeoutExpired:
                say(".")
        output.seek(0)
        written = output.read()
    if code:
        raise Failed(written.strip() or f"{command[0]} ended with {code}")
    return written


if __name__ == "__main__":
    raise SystemExit(main())
