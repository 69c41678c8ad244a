"""`flask` does not build the program before a command runs: counted in modules, since seconds differ."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from marketplace import commands
from marketplace.config import PROJECT_ROOT
from marketplace.plugins import load_plugins

# Runs `flask` with what follows, and writes what was imported.
PROBE = """
import atexit, sys
from pathlib import Path
target = Path(sys.argv.pop())
atexit.register(lambda: target.write_text("\\n".join(sys.modules)))
from flask.cli import main
sys.argv[0] = "flask"
main()
"""
LIGHT = {
    "marketplace",
    "marketplace.commands",
    "marketplace.config",
    "marketplace.embedded",
    "marketplace.kernel",
    "marketplace.kernel.environment",
    "marketplace.kernel.week",
}


def flask(
    tmp_path: Path, *arguments: str, **environ: str
) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    modules = tmp_path / "modules"
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments, str(modules)],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"], "INSTANCE_PATH": str(tmp_path / "instance"), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return result, set(modules.read_text().split("\n"))


def ours(modules: set[str]) -> set[str]:
    """Of the program; the parts of the embedded server, which need nothing but Python, are one."""
    found = {name for name in modules if name.partition(".")[0] == "marketplace"}
    server = "marketplace.embedded"
    return {server if name.startswith(f"{server}.") else name for name in found}


def test_help_lists_the_commands_and_imports_nothing_heavy(tmp_path: Path) -> None:
    result, modules = flask(tmp_path, "--help")
    assert result.returncode == 0, result.stderr
    listed = [line.split()[0] for line in result.stdout.partition("Commands:\n")[2].splitlines()]
    assert set(listed) >= {"accounts", "catalog", "db", "demo", "performers", "worker", "routes"}
    assert ours(modules) <= LIGHT
    assert not modules & {"sqlalchemy", "marshmallow", "alembic"}
    assert not (tmp_path / "instance").exists()


@pytest.mark.parametrize(
    "arguments", [("db", "upgrade"), ("catalog", "load"), ("worker",), ("db", "upgrade", "--sql")]
)
def test_a_wrong_setting_is_refused_before_anything_heavy_is_imported(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    result, modules = flask(tmp_path, *arguments, PORT="high")
    assert result.returncode == 1
    assert result.stderr == "PORT must be a whole number from 1 to 65535, not 'high'\n"
    assert ours(modules) <= LIGHT


@pytest.mark.parametrize("arguments", [("catalog", "load"), ("db",), ("db", "upgrade"), ("accounts",)])
def test_the_help_of_a_command_builds_no_program(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result, modules = flask(tmp_path, *arguments, "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Usage: ")
    assert "marketplace.app" not in modules
    assert not (tmp_path / "instance").exists()


def test_an_unknown_command(tmp_path: Path) -> None:
    result, modules = flask(tmp_path, "dance")
    assert result.returncode == 2
    assert "No such command 'dance'" in result.stderr
    assert ours(modules) <= LIGHT


def test_the_table_says_what_the_plugins_say() -> None:
    declared = {command.name: command for plugin in load_plugins() for command in plugin.commands}
    # Of no plugin: Flask-Migrate's, and the one that begins plugins.
    table = {
        name: place for name, place in commands.BUILT_IN.items() if name not in {"db", "doctor", "plugin"}
    }
    assert set(table) == set(declared)
    for name, place in table.items():
        assert getattr(sys.modules[place.module], place.attribute) is declared[name]
        assert place.help == (declared[name].help or "").splitlines()[0]
