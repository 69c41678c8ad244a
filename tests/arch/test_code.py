"""What import-linter and ruff cannot say of the code, said on its syntax trees."""

import ast
import importlib
import importlib.util
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
    "tour.py": "asks for NO_COLOR and TERM",
    "doctor/cli.py": "looks for variables that nothing reads",
    "web/observability/metrics_files.py": "tells prometheus_client its folder, which has no other way",
    "embedded/server.py": "hands PATH on to PostgreSQL's programs",
    "testing/databases.py": "hands PATH and PYTHONPATH on to `flask`, and asks pytest-xdist which process it is",
}
# Who may commit, and why.
COMMITS = {
    "database/unit_of_work.py": "the one place",
    "blueprints/chat/repositories/chats.py": "ends a savepoint within the transaction",
    "testing/factory.py": "rows that a test begins with",
}
# Who may lock rows so that nobody can refer to them meanwhile, and why.
LOCKS_KEYS = {
    "database/rows.py": "what is merged or deleted must win no new reference meanwhile",
}
# Who spells what has a helper, and why.
SPELT_ONCE = {
    "synchronize_session": {"database/bulk_update.py": "the option; repositories call `write`"},
    "pg_advisory|pg_try_advisory": {
        "database/advisory_locks.py": "the helper for transactions",
        "database/worker.py": "the lock of a process, on a connection of its own",
    },
}
# What of `performer` reviews alone keep: counted by the transaction that publishes or hides one.
RATING_COLUMNS = {"rating_count", "rating_sum", "rating_histogram", "aspect_counts", "aspect_sums"}
# Files that are long for a reason.
LONG: dict[str, str] = {
    "web/server/worker.py": "one state machine: what happens to a connection from its arrival to its end",
}
MAX_LINES = 400
# Domains that are large for a reason.
LARGE = {
    "accounts": "sign-up, log-in, sessions, addresses and second factors prove each other, in one order of locks",
    "orders": "one life: what an end costs, who came and who did not are decided under the row lock of a step",
    "moderation": "a little over: change requests, reports, claims, bulk decisions and audit share their lists",
}
MAX_DOMAIN_LINES = 2_500


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


@pytest.mark.parametrize("spelling", SPELT_ONCE)
def test_what_has_a_helper_is_spelt_once(spelling: str) -> None:
    found = {name for name, path in sources() if re.search(spelling, path.read_text(encoding="utf-8"))}
    assert found == set(SPELT_ONCE[spelling])


def test_only_the_unit_of_work_commits() -> None:
    committers = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert committers <= set(COMMITS)


def writes_ratings(tree: ast.Module) -> bool:
    """Whether it sets a rating column: in SQL, by `.values(...)`, or on an entity."""
    return any(map(writes_rating, ast.walk(tree)))


def writes_rating(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return (
                re.search(r"(?<![.\w])(rating_(count|sum|histogram)|aspect_(counts|sums)) = ", text)
                is not None
            )
        case ast.Call(func=ast.Attribute(attr="values"), keywords=words):
            return bool(RATING_COLUMNS & {word.arg for word in words})
        case ast.Attribute(attr=name, ctx=ast.Store()):
            return name in RATING_COLUMNS
    return False


def test_only_reviews_write_ratings() -> None:
    writers = {
        name.split("/")[1]
        for name, tree in trees()
        if name.startswith("blueprints/") and "/" in name.removeprefix("blueprints/") and writes_ratings(tree)
    }
    assert writers == {"reviews"}


@pytest.mark.parametrize(
    "code",
    [
        'text("UPDATE performer SET rating_sum = 0")',
        "update(Performer).values(rating_count=0)",
        "performer.rating_histogram = []",
        "performer.aspect_sums = []",
    ],
)
def test_a_write_of_a_rating_is_seen(code: str) -> None:
    assert writes_ratings(ast.parse(code))


def test_sql_stays_in_its_rooms() -> None:
    outside = []
    for name, tree in trees():
        if not name.startswith("blueprints/") or "repositories" in name:
            continue
        imports = (node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        if any(module.split(".")[0] == "sqlalchemy" for module in imports):
            outside.append(name)
    # The probes of readiness ask the database how it is.
    assert outside == ["blueprints/operations/adapters.py"]


def test_imports_of_tests_resolve() -> None:
    """A module that moved is found here at once, where a test that cannot be collected is easily overlooked."""
    lost = []
    for path in sorted((PROJECT_ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("marketplace"):
                continue
            module = importlib.import_module(node.module or "")
            lost += [
                f"{path.relative_to(PROJECT_ROOT)}:{node.lineno} {node.module}.{alias.name}"
                for alias in node.names
                if not hasattr(module, alias.name)
                and importlib.util.find_spec(f"{node.module}.{alias.name}") is None
            ]
    assert lost == []


@pytest.mark.parametrize("name", sorted(name for name, _ in sources()))
def test_no_file_asks_to_become_a_package(name: str) -> None:
    length = len((PACKAGE / name).read_text(encoding="utf-8").splitlines())
    assert length <= MAX_LINES or name in LONG, f"{name} has {length} lines"


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_domain_asks_to_be_cut() -> None:
    domains = [path for path in (PACKAGE / "blueprints").iterdir() if (path / "plugin.py").exists()]
    sizes = {path.name: sum(map(lines_of, path.rglob("*.py"))) for path in domains}
    assert {name for name, size in sizes.items() if size > MAX_DOMAIN_LINES} == set(LARGE), sizes


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
