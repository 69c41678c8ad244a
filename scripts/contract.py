"""Renews what is made from the documents: their snapshots, types of socket events, and the page of changes.

    python -m scripts.contract [--breaking] [--release VERSION]

`make contract` calls it. It refuses a change that breaks clients, unless `--breaking` says that this is
wanted. `--release` begins a section of the page: what comes after it is told as changed since that version.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scripts.contract_changes import Change, compare, compare_sockets
from scripts.documents import documents_of, without_database
from scripts.socket_types import python, typescript

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOTS = Path("docs/api")
RELEASED = SNAPSHOTS / "released"
PAGE = Path("marketplace/web/pages/changes.md")
"""Served at /api/docs/changes."""
RELEASES = "<!-- Releases: kept as they are -->\n"
FEW = 4
"""Operations that are named; of more, only the number is told."""
TEXTS = {"description", "summary", "title", "example", "examples", "tags", "externalDocs"}

Documents = dict[str, dict[str, Any]]
"""By names such as `v1` and `v1-sockets`."""


def named(documents: Documents) -> Documents:
    """Documents by the names of their snapshots."""
    names = {"openapi.json": "", "asyncapi.json": "-sockets"}
    return {
        version + names[kind]: document
        for path, document in documents.items()
        for version, kind in [path.split("/")]
    }


def snapshots(folder: Path) -> Documents:
    """The documents that are stored in `folder`; none when there is no such folder."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def changes(old: Documents, new: Documents) -> dict[str, list[Change]]:
    """The changes of each document that was there before."""
    found = {}
    for name, document in old.items():
        if name not in new:
            found[name] = [Change(name, "is gone", breaking=True)]
        else:
            weigh = compare_sockets if name.endswith("-sockets") else compare
            found[name] = weigh(document, new[name])
    return found


def complaint(found: dict[str, list[Change]]) -> str:
    """Why the program may not serve its documents; empty when it may."""
    broken = [f"  {name}: {change}" for name, some in found.items() for change in some if change.breaking]
    if not broken:
        return ""
    return "\n".join(
        [
            "This breaks clients, who rely on the documents in docs/api:",
            *broken,
            "Keep what they use, and give what is better a new name, or a place in the next version.",
            "When it is wanted all the same, say why in CHANGELOG.md, and run `make contract BREAKING=yes`.",
            "",
        ]
    )


def dumped(document: dict[str, Any]) -> str:
    """The text of a snapshot: in an order that does not depend on the order of declarations."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def bare(node: Any, *, names: bool = False) -> Any:
    """A document without texts, enough to compare with. `names`: the keys are names that somebody chose."""
    if isinstance(node, dict):
        found = {}
        for key, value in node.items():
            if key == "examples" and isinstance(value, dict) and not names:
                # Their names are the codes of problems.
                found[key] = {name: {} for name in value}
            elif names or key not in TEXTS:
                chosen = key in {"properties", "schemas", "headers", "responses", "messages", "parameters"}
                found[key] = bare(value, names=chosen and not names)
        return found
    return [bare(item) for item in node] if isinstance(node, list) else node


def made(documents: Documents, released: Documents, page: str) -> dict[Path, str]:
    """All files that are made of documents, with their texts; `page` is the present page of changes."""
    files = {SNAPSHOTS / f"{name}.json": dumped(document) for name, document in documents.items()}
    files[Path("clients/typescript/src/sockets.ts")] = typescript(documents["v1-sockets"])
    files[Path("clients/python/marketplace_api/sockets.py")] = _formatted(python(documents["v1-sockets"]))
    files[PAGE] = changes_page(documents, released, page)
    return files


def _formatted(code: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def changes_page(documents: Documents, released: Documents, page: str) -> str:
    """The page "What changed", with the sections of earlier releases as `page` has them."""
    _, _, earlier = page.partition(RELEASES)
    second = json.loads(json.dumps(documents["v2"]).replace("/api/v2/", "/api/v1/"))
    parts = [
        "# What changed\n",
        "Made by `make contract`. *Sent* is what clients send, *received* is what they get.\n",
        "## From v1 to v2\n",
        _told(compare(documents["v1"], second)) or "Nothing.\n",
        "## Since the last release\n",
        _since(changes(released, documents)) if released else "There is no release yet.\n",
        RELEASES,
    ]
    return "\n".join(parts) + earlier


def release_page(page: str, version: str) -> str:
    """The page with what changed since the last release as the section of `version`."""
    head, mark, earlier = page.partition(RELEASES)
    since = head.partition("## Since the last release\n\n")[2].strip()
    return f"{head}{mark}\n## {version}\n\n{since or 'Nothing.'}\n{earlier}"


def _since(found: dict[str, list[Change]]) -> str:
    parts = [f"### {name}\n\n{told}" for name, some in found.items() if (told := _told(some))]
    return "\n".join(parts) or "Nothing.\n"


def _told(found: Iterable[Change]) -> str:
    """A list in Markdown; what many operations have in common is told once."""
    groups: dict[tuple[bool, str], list[str]] = {}
    for change in found:
        operation, _, rest = change.where.partition(", ")
        if re.match(r"[A-Z]+ /", operation) and rest:
            groups.setdefault((change.breaking, f"{rest}: {change.what}"), []).append(operation)
        else:
            groups.setdefault((change.breaking, str(change)), [])
    lines = []
    for (breaking, what), operations in sorted(groups.items(), key=lambda group: not group[0][0]):
        where = ", ".join(f"`{name}`" for name in operations)
        if len(operations) > FEW:
            where = f"{len(operations)} operations"
        lines.append(f"- {'**breaks clients** ' if breaking else ''}{where}{': ' if where else ''}{what}\n")
    return "".join(lines)


def renew(root: Path, documents: Documents, *, breaking: bool, release: str | None) -> str:
    """Write all files below `root`; a complaint instead, if clients would break."""
    found = changes(snapshots(root / SNAPSHOTS), documents)
    why = complaint(found)
    if why and not breaking:
        return why
    page = (root / PAGE).read_text(encoding="utf-8") if (root / PAGE).exists() else ""
    released = snapshots(root / RELEASED)
    files = made(documents, released, page)
    if release is not None:
        released = {name: bare(document) for name, document in documents.items()}
        files[PAGE] = changes_page(documents, released, release_page(files[PAGE], release))
        files |= {RELEASED / f"{name}.json": dumped(document) for name, document in released.items()}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return ""


def main() -> int:
    """Exit code."""
    parser = argparse.ArgumentParser(description="Renew what is made from the documents.")
    parser.add_argument("--breaking", action="store_true", help="also when it breaks clients")
    parser.add_argument("--release", help="the version that is released with these documents")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as instance:
        documents = named(documents_of(without_database(Path(instance))))
    why = renew(ROOT, documents, breaking=options.breaking, release=options.release)
    sys.stderr.write(why)
    return 1 if why else 0


if __name__ == "__main__":
    raise SystemExit(main())
