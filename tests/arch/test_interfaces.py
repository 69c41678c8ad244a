"""Interfaces are written once: one name, one place; and an adapter says which one it serves."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ADAPTERS = {"repositories", "adapters", "outside", "database", "clock"}
"""Modules and packages of adapters."""


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in sorted((ROOT / "marketplace").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield path.relative_to(ROOT), node


def bases(node: ast.ClassDef) -> list[str]:
    """Their last names, without parameters: `ClaimRepository` for `ports.ClaimRepository[T]`."""
    found = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    return [base.attr if isinstance(base, ast.Attribute) else ast.unparse(base) for base in found]


def protocols() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path, node in classes():
        if "Protocol" in bases(node):
            found[node.name].append(path)
    return found


def test_no_interface_is_declared_twice() -> None:
    assert {name: paths for name, paths in protocols().items() if len(paths) > 1} == {}


def test_a_repository_of_sql_serves_an_interface() -> None:
    known = set(protocols())
    adapters = [
        (path, node)
        for path, node in classes()
        if node.name.startswith("Sql") and node.name.endswith("Repository") and node.name != "SqlRepository"
    ]
    assert len(adapters) > 10
    assert [f"{path}: {node.name}" for path, node in adapters if not known & set(bases(node))] == []


def test_what_an_interface_tells_is_not_told_again_by_its_adapter() -> None:
    """A second docstring would be read instead of the first, and grow old."""
    told = {
        (node.name, method.name)
        for _, node in classes()
        if "Protocol" in bases(node)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and ast.get_docstring(method)
    }
    again = [
        f"{path}: {node.name}.{method.name}"
        for path, node in classes()
        if ADAPTERS & {path.stem, *path.parts} and "Protocol" not in bases(node)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and ast.get_docstring(method)
        if any((base, method.name) in told for base in bases(node))
    ]
    assert again == []


def test_interfaces_of_a_domain_stand_in_its_ports_or_contracts() -> None:
    elsewhere = [
        f"{path}: {name}"
        for name, paths in protocols().items()
        for path in paths
        if path.parts[1] == "blueprints" and not {"ports", "contracts"} & {path.stem, *path.parts}
    ]
    assert elsewhere == []
