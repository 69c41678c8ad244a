"""What import-linter and ruff cannot say of the code, said on its syntax trees."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "marketplace"
# Who may read or write the environment besides config.py, and why.
ENVIRONMENT = {
    "config.py": "the one reader",
    "launch.py": "hands the environment on to the server",
    "web/metrics_files.py": "tells prometheus_client its folder, which has no other way",
    "database/embedded/server.py": "hands PATH on to PostgreSQL's programs",
}
# Who may commit, and why.
COMMITS = {
    "database/unit_of_work.py": "the one place",
    "blueprints/chat/repositories.py": "ends a savepoint within the transaction",
}
# Who may lock rows so that nobody can refer to them meanwhile, and why.
LOCKS_KEYS = {
    "blueprints/catalog/repositories/base.py": "what is merged or deleted must win no new reference meanwhile",
}
# Files that are long for a reason.
LONG: dict[str, str] = {}
MAX_LINES = 420


def sources() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), path


def trees() -> Iterator[tuple[str, ast.Module]]:
    for name, path in sources():
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def test_every_module_says_why_it_exists() -> None:
    silent = [name for name, tree in trees() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_no_import_hides_inside_a_function() -> None:
    hidden = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def attributes(tree: ast.Module) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        name
        for name, tree in trees()
        for node in attributes(tree)
        if node.attr in {"environ", "getenv"} and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert readers <= set(ENVIRONMENT)


def test_rows_are_locked_without_their_keys() -> None:
    """FOR UPDATE blocks every insert that refers to the row, and ends in deadlocks (FOR NO KEY UPDATE)."""
    lockers = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "with_for_update"
        and not {word.arg for word in node.keywords} & {"key_share", "read"}
    }
    spelt = {name for name, path in sources() if re.search(r"FOR UPDATE", path.read_text())}
    assert lockers | spelt <= set(LOCKS_KEYS)


def test_only_the_unit_of_work_commits() -> None:
    committers = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert committers <= set(COMMITS)


def test_sql_stays_in_its_rooms() -> None:
    outside = []
    for name, tree in trees():
        if not name.startswith("blueprints/") or "repositories" in name or "/demo/" in name:
            continue
        if Path(name).name in {"checks.py", "adapters.py", "copying.py"}:
            continue  # probes of the database itself, and adapters of stores
        imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        if any(node.module == "sqlalchemy" for node in imports):
            outside.append(name)
    assert outside == []


@pytest.mark.parametrize("name", sorted(name for name, _ in sources()))
def test_no_file_asks_to_become_a_package(name: str) -> None:
    length = len((PACKAGE / name).read_text(encoding="utf-8").splitlines())
    assert length <= MAX_LINES or name in LONG, f"{name} has {length} lines"


def test_every_suppression_carries_its_reason() -> None:
    bare = []
    for name, path in sources():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            parts = (line.partition(mark) for mark in ("# noqa", "# type: ignore"))
            bare += [
                f"{name}:{number}"
                for _, found, reason in parts
                if found and " - " not in reason and "# " not in reason
            ]
    assert bare == []
