"""logrotate takes the file, and rotates what systemd writes without losing what is still held open."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.deployment import DEPLOY, needs

pytestmark = needs("logrotate")


def rotate(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """With the folder, and its owner, in the place of what the file names."""
    text = (DEPLOY / "logrotate" / "marketplace").read_text(encoding="utf-8")
    text = text.replace("/var/log/marketplace", str(folder)).replace("    su marketplace marketplace\n", "")
    configuration = folder / "logrotate.conf"
    configuration.write_text(text, encoding="utf-8")
    configuration.chmod(0o644)
    program = shutil.which("logrotate")
    assert program
    return subprocess.run(
        [program, "--state", str(folder / "state"), *options, str(configuration)],
        capture_output=True, text=True, check=False, timeout=60, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip


def test_logrotate_takes_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "web.log").write_text("line\n")
    tried = rotate(tmp_path, "--debug")
    assert tried.returncode == 0, tried.stderr
    assert "error" not in tried.stderr.replace("errors", "")
    assert "considering log" in tried.stderr


def test_a_file_that_is_held_open_goes_on(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    log = tmp_path / "web.log"
    with log.open("a") as held:
        held.write("before\n")
        held.flush()
        done = rotate(tmp_path, "--force")
        assert done.returncode == 0, done.stderr
        held.write("after\n")
    assert log.read_text() == "after\n"
    [old] = tmp_path.glob("web.log-*")
    assert old.read_text() == "before\n"
