"""Installs what a package-lock.json names, once: `ready(folder)` before running one of its programs."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

LOCK = "package-lock.json"
STAMP = ".installed-lock"
OLDEST = 18
"""The oldest Node that runs the tools: Debian bookworm's."""
INSTALL_SECONDS = 300
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
"""Scripts of packages are not run: none of ours needs one."""


class NoPackages(Exception):
    """Why the packages are not there, and what to do; for people."""


def ready(folder: Path) -> Path:
    """`folder`/node_modules with exactly what `folder`'s lock names. Raises NoPackages."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NoPackages(f"{program} is missing: apt-get install nodejs npm")
    version = _output(["node", "--version"]).strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST:
        raise NoPackages(f"node {version} is too old: {OLDEST} or later is needed")
    target = folder / "node_modules"
    wanted = hashlib.sha256((folder / LOCK).read_bytes()).hexdigest()
    stamp = target / STAMP
    # Two at once take turns: npm would remove what the other one has just installed.
    with (folder / ".node_modules.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _output(INSTALL, folder)
            stamp.write_text(wanted)
    return target


def _output(command: list[str] | tuple[str, ...], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoPackages(f"{' '.join(command)} took more than {INSTALL_SECONDS} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise NoPackages(f"{' '.join(command)} failed:\n{said}")
    return done.stdout
