"""docs/promises.md names tests that exist, and says of each promise whether it is kept."""

import ast
import re

from marketplace.config import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)(?:\[[^`]*\])?`", PAGE)


def functions_in(path: str) -> set[str]:
    """The tests of a file."""
    file = PROJECT_ROOT / path
    if not file.is_file():
        return set()
    return {
        node.name
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_test_that_is_named_exists() -> None:
    missing = [f"{path}::{name}" for path, name in NAMED if name not in functions_in(path)]
    assert not missing, f"docs/promises.md names tests that are not there: {', '.join(missing)}"


def test_every_test_is_named_so_that_it_is_looked_for() -> None:
    """A path that is written in another way would be overlooked above."""
    assert PAGE.count("::") == len(NAMED) > 100


def test_every_promise_says_whether_it_is_kept() -> None:
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        promise, _, rest = section.partition("\n\n")
        said = re.match(r"(Kept|In part|Not kept)\b", rest)
        assert said, f"{promise}: say 'Kept', 'In part' or 'Not kept' first"
        assert said[1] == "Not kept" or "`tests/" in section, f"{promise}: name a test that keeps it"
