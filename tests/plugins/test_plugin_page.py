"""docs/plugins.md says what is there: its code is code that runs, its lists are those of the program."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT
from marketplace.plugins import Plugin, load_plugins
from marketplace.scaffold.generator import files_of

PAGE = (PROJECT_ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
EXAMPLE = PROJECT_ROOT / "examples" / "marketplace-loyalty"
DOMAINS = PROJECT_ROOT / "marketplace" / "blueprints"
KIT = PROJECT_ROOT / "marketplace" / "testing"
FOR_TESTS = "marketplace.testing"


def example_files() -> dict[Path, str]:
    return {path.relative_to(EXAMPLE): path.read_text() for path in sorted(EXAMPLE.rglob("*.py"))}


@pytest.fixture(scope="module")
def sources() -> dict[Path, str]:
    """The files of a new plugin, and those of the example."""
    return files_of("guarantees") | {"loyalty" / path: text for path, text in example_files().items()}


def section(title: str) -> str:
    return re.split(r"^##+ ", PAGE.split(f"## {title}\n")[1], flags=re.MULTILINE)[0]


def first_column(text: str) -> list[str]:
    """What stands in backticks in the first column of the first table."""
    rows = re.findall(r"^\| (`[^|]*) \|", text, flags=re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


ALLOWED = first_column(section("What you may import"))


def test_the_code_of_the_page_is_code_that_is_tested(sources: dict[Path, str]) -> None:
    shown = [*blocks("python"), *blocks("toml")]
    assert len(shown) > 10
    places = [*sources.values(), *(path.read_text() for path in DOMAINS.rglob("changes.py"))]
    assert [block for block in shown if not any(block in text for text in places)] == []


def imports(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each module of the program that is imported, and what it may also be: the modules of its names."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names if alias.name.startswith("marketplace."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "marketplace":
            yield node.module or "", [f"{node.module}.{alias.name}" for alias in node.names]


def allowed(module: str) -> bool:
    return any(fnmatchcase(module, pattern) or fnmatchcase(module, f"{pattern}.*") for pattern in ALLOWED)


def refused(path: Path, text: str) -> list[str]:
    """The imports of a file of a plugin that the page does not allow."""
    found = []
    for module, names in imports(text):
        good = allowed(module) or (bool(names) and all(map(allowed, names)))
        if not good or (module.startswith(FOR_TESTS) and "tests" not in path.parts):
            found.append(f"{path}: {module}")
    return found


def test_plugins_import_what_they_may(sources: dict[Path, str]) -> None:
    code = {path: text for path, text in sources.items() if path.suffix == ".py"}
    assert len(code) > 15
    assert [one for path, text in code.items() for one in refused(path, text)] == []


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("from marketplace.blueprints.orders import public as orders", True),
        ("from marketplace.blueprints.orders.contracts import OrderCompleted", True),
        ("from marketplace.kernel.errors import NotFound", True),
        ("import marketplace.models", True),
        ("from marketplace.blueprints.orders import public, services", False),
        ("from marketplace.blueprints.orders.services import OrderService", False),
        ("from marketplace.extensions import db", False),
        ("from marketplace.database import engine", False),
        ("import marketplace.config", False),
        ("from marketplace import create_app", False),
        ("from marketplace.testing import Factory", False),
    ],
)
def test_an_import_that_is_not_on_the_list_is_seen(code: str, good: bool) -> None:
    assert (refused(Path("plugin.py"), code) == []) is good


def test_what_may_be_imported_is_there() -> None:
    missing = [name for name in ALLOWED if "*" not in name and find_spec(name) is None]
    assert missing == []


def test_the_page_has_every_field_of_a_plugin() -> None:
    named = [name.partition("(")[0] for name in first_column(section("The contract"))]
    assert sorted(named) == sorted(field.name for field in fields(Plugin))


def test_the_page_has_every_kind_that_domains_take() -> None:
    named = {name.partition("(")[0] for name in first_column(section("Taking part in what the domains do"))}
    assert named == {type(one).__name__ for plugin in load_plugins() for one in plugin.gives}


def test_the_page_has_every_fixture_of_the_kit() -> None:
    """Those of a session are the kit's own, but for the program."""
    found = {"app"}
    for path in KIT.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                found |= {node.name for mark in node.decorator_list if ast.unparse(mark) == "pytest.fixture"}
    assert set(first_column(section("Tests"))) == found


def test_the_page_has_every_name_of_the_kit() -> None:
    tree = ast.parse((KIT / "__init__.py").read_text())
    names = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert [name for name in sorted(names) if f"`{name}`" not in section("Tests")] == []
