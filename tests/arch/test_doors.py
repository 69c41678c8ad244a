"""What a domain shows to others, somebody uses: a name of `public` or `contracts` that no other domain wants goes."""

import ast
from collections.abc import Iterator

from marketplace.config import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "marketplace"
DOMAINS = "marketplace.blueprints."
DOORS = ("public", "contracts")
# Names that only plugins from outside may want, and why.
FOR_PLUGINS: dict[str, str] = {}


def modules() -> dict[str, ast.Module]:
    """The syntax trees of the program, by the names of their modules."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PROJECT_ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def door_of(module: str) -> str | None:
    """`orders.contracts` for that module and for those within it; None for one that is no door."""
    if not module.startswith(DOMAINS):
        return None
    parts = module.removeprefix(DOMAINS).split(".")
    return ".".join(parts[:2]) if len(parts) > 1 and parts[1] in DOORS else None


def defined_in(tree: ast.Module) -> dict[str, ast.stmt]:
    """The names that a module makes for others, with the statements that make them."""
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
        elif isinstance(node, ast.Assign):
            found |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    return {name: node for name, node in found.items() if not name.startswith("_")}


def used_by(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Pairs of a door and a name that a module takes from it."""
    doors: dict[str, str] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        door = door_of(node.module)
        for alias in node.names:
            if door is not None:
                yield door, alias.name
            elif (whole := door_of(f"{node.module}.{alias.name}")) is not None:
                doors[alias.asname or alias.name] = whole
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in doors:
            yield doors[node.value.id], node.attr


def mentions(node: ast.stmt) -> set[str]:
    """The names that a statement speaks of."""
    texts = [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} | {
        text for text in texts if text.isidentifier()
    }


def is_event(node: ast.stmt, events: set[str]) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id in events for base in node.bases
    )


def taken(trees: dict[str, ast.Module]) -> set[str]:
    """`orders.public.find_order` for each name that a module takes from the door of another domain."""
    found: set[str] = set()
    for module, tree in trees.items():
        own = module.removeprefix(DOMAINS).split(".")[0] if module.startswith(DOMAINS) else None
        found |= {f"{door}.{name}" for door, name in used_by(tree) if door.split(".")[0] != own}
    return found


def shown(trees: dict[str, ast.Module]) -> Iterator[tuple[str, dict[str, ast.stmt]]]:
    """Each module that is a door or within one, as the door, with what it defines."""
    for module, tree in trees.items():
        door = door_of(module)
        if door is not None:
            yield door, defined_in(tree)


def unused(trees: dict[str, ast.Module]) -> list[str]:
    """The names of doors that nobody else uses. Events may have no listener."""
    used = taken(trees)
    found = []
    for door, names in shown(trees):
        events = {"DomainEvent"}
        wanted = {name for name in names if f"{door}.{name}" in used}
        for name, node in names.items():
            if is_event(node, events):
                events.add(name)
                wanted.add(name)
        # What others use may be made of names that they do not spell out.
        grown: set[str] = set()
        while grown != wanted:
            grown = set(wanted)
            wanted |= names.keys() & {one for name in grown for one in mentions(names[name])}
        found += [f"{door}.{name}" for name in names if name not in wanted]
    return found


def handed_on(trees: dict[str, ast.Module]) -> set[str]:
    """The names that others take from a door which only imports them."""
    made = {f"{door}.{name}" for door, names in shown(trees) for name in names}
    return taken(trees) - made


def test_somebody_uses_what_a_domain_shows() -> None:
    assert sorted(set(unused(modules())) - set(FOR_PLUGINS)) == []


def test_a_door_hands_on_nothing() -> None:
    assert handed_on(modules()) == set()


def test_no_name_is_excused_without_need() -> None:
    assert set(FOR_PLUGINS) <= set(unused(modules()))


def test_names_that_are_unused_or_handed_on_are_found() -> None:
    door = ast.parse(
        "from marketplace.kernel.events import DomainEvent\n"
        "class Happened(DomainEvent): ...\n"
        "class Part: ...\n"
        "class Whole:\n    part: Part\n"
        "def ask(): ...\n"
        "def nobody_asks(): ...\n"
    )
    own = ast.parse("from marketplace.blueprints.a.public import nobody_asks")
    other = ast.parse("from marketplace.blueprints.a import public as a\na.ask()\na.Whole\na.DomainEvent")
    trees = {f"{DOMAINS}a.public": door, f"{DOMAINS}a.services": own, f"{DOMAINS}b.wiring": other}
    assert unused(trees) == ["a.public.nobody_asks"]
    assert handed_on(trees) == {"a.public.DomainEvent"}
