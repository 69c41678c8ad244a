"""`flask plugin new`: what it writes works at once, and it overwrites nothing."""

import ast
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from marketplace.scaffold.cli import commands
from marketplace.scaffold.generator import files_of
from marketplace.scaffold.names import NameRefused, check_name
from tests.support.plugins import check_document, check_types, install, succeed, tool
from tests.support.postgres import query

MAX_FILES = 12


def new(name: str, into: Path) -> Result:
    return CliRunner().invoke(commands, ["new", name, "--into", str(into)])


def files_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_example(package: Path, view: str, request: dict[str, str]) -> None:
    (package / "data").mkdir()
    (package / "data" / "examples.json").write_text(json.dumps({view: {"request": request}}))


def test_a_new_plugin_works_at_once(empty_database: str, tmp_path: Path) -> None:
    made = new("guarantees", tmp_path)
    assert made.exit_code == 0, made.output
    source = tmp_path / "marketplace-guarantees"
    assert "make packages-dev\n" in made.output
    assert f"pip install --no-deps --no-build-isolation -e . -e {source}" in made.output
    assert len(files_in(source)) <= MAX_FILES
    installed = install(tmp_path, source, empty_database)
    installed.flask("db", "upgrade")
    installed.flask("db", "check")
    example = {"title": "Hours", "text": "Nine to five"}
    write_example(source / "marketplace_guarantees", "create_guarantees_entry", example)
    document = check_document(installed, "guarantees")
    body = document["paths"]["/api/v1/guarantees"]["post"]["requestBody"]
    assert body["content"]["application/json"]["example"] == example
    databases = "SELECT array_agg(datname ORDER BY datname) FROM pg_database"
    before = query(empty_database, databases)
    assert " passed" in installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(source))
    assert query(empty_database, databases) == before
    installed.flask("db", "downgrade", "guarantees@base")
    installed.flask("db", "upgrade")
    check_types(source / "marketplace_guarantees", source / "tests")


@pytest.mark.parametrize("name", ["ab", "abcdefghijklmnopqrst"])
def test_the_code_is_in_form_whatever_the_length_of_the_name(tmp_path: Path, name: str) -> None:
    assert new(name, tmp_path).exit_code == 0
    folder = str(tmp_path / f"marketplace-{name}")
    succeed([tool("ruff"), "check", "--no-cache", folder])
    succeed([tool("ruff"), "format", "--no-cache", "--check", folder])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Guarantees", "cannot be the name of a plugin"),
        ("a", "cannot be the name of a plugin"),
        ("abcdefghijklmnopqrstu", "cannot be the name of a plugin"),
        ("two-words", "cannot be the name of a plugin"),
        ("../up", "cannot be the name of a plugin"),
        ("ünder", "cannot be the name of a plugin"),
        ("ab\n", "cannot be the name of a plugin"),
        ("class", "cannot be the name of a plugin"),
        ("none", "cannot be the name of a plugin"),
        ("page", "stands for something else in the files"),
        ("any", "stands for something else in the files"),
        ("schema", "stands for something else in the files"),
        ("orders", "taken by the plugin 'orders'"),
        ("admin", "taken by the plugin"),
        ("reports", "taken by the plugin 'moderation'"),
    ],
)
def test_a_name_that_cannot_be(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(NameRefused, match=reason):
        check_name(name)
    refused = new(name, tmp_path)
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert list(tmp_path.iterdir()) == []


def test_a_package_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "marketplace_lamps").mkdir()
    (tmp_path / "marketplace_lamps" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NameRefused, match="a Python package 'marketplace_lamps'"):
        check_name("lamps")


def test_no_other_name_stands_for_something_else() -> None:
    (routes,) = (text for path, text in files_of("lamps").items() if path.name == "routes.py")
    imported = {
        alias.name
        for node in ast.walk(ast.parse(routes))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for word in filter(re.compile("[A-Z][a-z0-9]+").fullmatch, imported):
        with pytest.raises(NameRefused, match="stands for something else"):
            check_name(word.lower())


@pytest.mark.parametrize("kind", ["file", "folder", "empty folder"])
def test_nothing_is_overwritten(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "marketplace-lamps"
    if kind == "file":
        place.write_text("mine")
    else:
        place.mkdir()
    if kind == "folder":
        (place / "pyproject.toml").write_text("mine")
    before = files_in(tmp_path)
    refused = new("lamps", tmp_path)
    assert refused.exit_code == 1
    assert f"{place} exists already" in refused.output
    assert files_in(tmp_path) == before
