"""Brings the catalogs of translations to the sentences of the code: `make catalogs`.

New sentences get an empty translation, which a test then misses; those that nobody says any more go.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from marketplace.config import PROJECT_ROOT
from marketplace.plugins import load_plugins
from marketplace.testing.sentences import Called, sentences_of
from marketplace.web.catalogs import LOCALES, read_catalog
from marketplace.web.language import ENGLISH, LANGUAGES

PACKAGE = PROJECT_ROOT / "marketplace"
CALLED: Called = {
    "Refused": slice(2, 4),
    "full": slice(1),
    "_bad": slice(1),
    "ProblemKind": slice(2, 5, 2),
}
"""Beside error classes, these take sentences: the gate of sockets, and the kinds without a class."""
_HEADER = ("Language:", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")


def our_sentences() -> set[str]:
    """All sentences that the program's own code holds."""
    load_plugins()  # all error classes
    return sentences_of(PACKAGE, CALLED)


def updated(path: Path, language: str, sentences: set[str]) -> bytes:
    """The catalog of `path` with exactly these sentences, in order."""
    known = read_catalog(path) if path.is_file() else {}
    catalog = Catalog(locale=language, charset="utf-8", header_comment="", fuzzy=False)
    for sentence in sorted(sentences):
        catalog.add(sentence, known.get(sentence, ""))
    buffer = BytesIO()
    write_po(buffer, catalog, width=0, sort_output=True, ignore_obsolete=True)
    # Dates, names and versions would change with each run, for nothing.
    head, _, entries = buffer.getvalue().decode().partition("\n\n")
    lines = [line for line in head.splitlines() if not line.startswith('"') or line[1:].startswith(_HEADER)]
    return ("\n".join(lines).strip() + "\n\n" + entries).encode()


def main() -> int:
    """Write both catalogs. Returns the exit code: 1 while a translation is empty."""
    sentences, missing = our_sentences(), 0
    for language in sorted(set(LANGUAGES) - {ENGLISH}):
        path = LOCALES / language / "LC_MESSAGES" / "messages.po"
        path.write_bytes(updated(path, language, sentences))
        missing += len(sentences - read_catalog(path).keys())
    print(f"{missing} translations to write" if missing else "All sentences are translated")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
