"""config.py, the table of docs/operators.md and marketplace.env.sample name the same variables."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT, ConfigError, load_settings
from tests.support.deployment import DEPLOY, UNITS, variables

SAMPLE = DEPLOY / "marketplace.env.sample"
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a697887960123456789ab"
NAME = re.compile(r"[A-Z][A-Z0-9_]+")


def read_by_the_program() -> set[str]:
    """The first argument of each call of the reader, in config.py and in the reader itself."""
    files = ("config.py", "kernel/environment.py")
    trees = [ast.parse((PROJECT_ROOT / "marketplace" / name).read_text(encoding="utf-8")) for name in files]
    return {
        node.args[0].value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"env", "self"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and NAME.fullmatch(node.args[0].value)
    }


def in_the_table() -> set[str]:
    """The names in the first column of the table under "Environment"."""
    page = (PROJECT_ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    table = page.partition("\n## Environment\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)}


def in_the_sample() -> set[str]:
    return {*variables(SAMPLE), *variables(SAMPLE, defaults=True)}


def test_the_settings_are_found() -> None:
    """A reader that is called in another way would be overlooked above; a few of Settings have no variable."""
    found = read_by_the_program()
    assert {"SECRET_KEY", "DATABASE_URL", "SMS_FROM", "CORS_ORIGINS", "RATE_LIMIT_DEFAULT"} <= found
    assert len(found) > len(fields(load_settings({"SECRET_KEY": SECRET}))) * 0.8


@pytest.mark.parametrize("place", [in_the_table, in_the_sample])
def test_every_variable_is_named(place: object) -> None:
    assert callable(place)
    named, read = place(), read_by_the_program()
    assert sorted(read - named) == [], f"{place.__name__}: missing"
    assert sorted(named - read) == [], f"{place.__name__}: nothing reads these"


def test_what_stands_behind_a_hash_is_the_default() -> None:
    """Whoever takes the `#` away changes nothing."""
    base = {**variables(SAMPLE), "SECRET_KEY": SECRET}
    assert load_settings({**base, **variables(SAMPLE, defaults=True)}) == load_settings(base)


def test_the_sample_starts_once_its_key_is_set() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(variables(SAMPLE))
    assert "SECRET_KEY must be set" in str(refused.value)
    assert ";" not in str(refused.value), "the rest of the sample is fine for production"
    assert load_settings({**variables(SAMPLE), "SECRET_KEY": SECRET}).is_production


@pytest.mark.parametrize("path", [SAMPLE, DEPLOY / "compose.env.sample", UNITS / "realtime.env"], ids=str)
def test_every_reader_reads_it_alike(path: Path) -> None:
    """systemd, containers and shells differ in quotes, spaces, `$` and comments behind a value."""
    for line in path.read_text(encoding="utf-8").splitlines():
        assert (
            line == "" or line.startswith("# ") or re.fullmatch(r"#?[A-Z][A-Z0-9_]*=[^\s'\"$#\\]*", line)
        ), line


def test_no_secret_is_shipped() -> None:
    for path in (SAMPLE, DEPLOY / "compose.env.sample"):
        for name, value in {**variables(path), **variables(path, defaults=True)}.items():
            if re.search(r"KEY$|TOKEN$|PASSWORD$", name):
                assert value == "", f"{path.name}: {name}"
