"""What stands in deploy/, read as those read it who use it."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "deploy"
CONTAINERFILE = DEPLOY / "Containerfile"
UNITS = DEPLOY / "systemd"
_INSTRUCTION = re.compile(r"([A-Z]+)\s+(.*)", re.DOTALL)


def needs(program: str) -> pytest.MarkDecorator:
    """Skips where a program of the system is missing; CI installs it."""
    return pytest.mark.skipif(
        shutil.which(program) is None and not os.environ.get("CI"), reason=f"needs {program}; CI must have it"
    )


def variables(path: Path, *, defaults: bool = False) -> dict[str, str]:
    """The lines NAME=value of an environment file; with `defaults` those behind `#` instead."""
    form = re.compile(r"#([A-Z][A-Z0-9_]*)=(.*)" if defaults else r"([A-Z][A-Z0-9_]*)=(.*)")
    found = (form.fullmatch(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {match[1]: match[2] for match in found if match}


def directives(unit: str) -> dict[str, list[str]]:
    """The values of a unit file, by `Section.Name`, in their order."""
    found: dict[str, list[str]] = {}
    section = ""
    for raw in (UNITS / unit).read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and line[0] not in "#;":
            name, _, value = line.partition("=")
            found.setdefault(f"{section}.{name}", []).append(value)
    return found


def command(unit: str) -> list[str]:
    """What a unit starts, with this environment's program in the place of the installed one."""
    words = shlex.split(directives(unit)["Service.ExecStart"][-1])
    return [Path(words[0]).name, *words[1:]]


def instructions(path: Path = CONTAINERFILE) -> list[tuple[str, str]]:
    """The instructions of a container file with what follows them, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).splitlines()
    found = (_INSTRUCTION.fullmatch(line.strip()) for line in lines if line.strip())
    return [(match[1], match[2]) for match in found if match]
