"""Runs the blocks of code of a Markdown text as a reader pastes them: sh into one shell, Python saved as told."""

import os
import re
import subprocess
import sys
from pathlib import Path

from marketplace.config import PROJECT_ROOT
from marketplace.web.pages.markdown import blocks

WRITTEN_FOR = "127.0.0.1:8000"
_SAVED = re.compile(r"Save this as\s+`(\w+\.py)`[^`]*(?:`[^`]*`[^`]*)*?```python\n", re.DOTALL)
_PROMISE = re.compile(r"# prints (.+)$", re.MULTILINE)


def run_blocks(text: str, folder: Path, *, address: str, instance: Path, seconds: float = 120) -> str:
    """Paste the blocks of `text` in `folder`, which looks like the checkout of a reader whose server is at
    `address`. Fails with what was printed when a command fails, or does not print what its comment promises.
    """
    _make_checkout(folder, instance)
    names = iter(_SAVED.findall(text))
    script = ["set -eo pipefail"]
    for language, code in blocks(text):
        pasted = code.replace(WRITTEN_FOR, address)
        if language == "python":
            (folder / next(names)).write_text(pasted, encoding="utf-8")
        elif language == "sh":
            script.append(failing(pasted))
    assert next(names, None) is None, "a program is to be saved, and no block of Python follows"
    (folder / "blocks.sh").write_text("\n".join(script), encoding="utf-8")
    done = subprocess.run(
        ["bash", "blocks.sh"],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "INSTANCE_PATH": str(instance),
            "PYTHONPATH": str(PROJECT_ROOT),
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, f"exit code {done.returncode}\n{said[-4000:]}"
    _check_promises("\n".join(script), said)
    return said


def failing(code: str) -> str:
    """`code` whose curl fails at an error, but where a comment says what the answer prints."""
    parts = re.split(r"(?=\bcurl -s)", code)
    return "".join(
        part if _PROMISE.search(part) else re.sub(r"^curl -sS?", r"\g<0> --fail-with-body", part)
        for part in parts
    )


def _check_promises(script: str, said: str) -> None:
    """Each promise is kept, in this order."""
    position = 0
    for promise in _PROMISE.findall(script):
        found = said.find(promise.strip(), position)
        assert found >= 0, (
            f"{promise!r} was not printed after {said[max(0, position - 500) : position]}\n{said}"
        )
        position = found + len(promise.strip())


def _make_checkout(folder: Path, instance: Path) -> None:
    """What a reader has in the folder of the program, as far as blocks use it."""
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "instance").symlink_to(instance)
    for name in ("wsgi.py", "marketplace", "migrations"):
        (folder / name).symlink_to(PROJECT_ROOT / name)
