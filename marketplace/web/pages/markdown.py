"""Renders the Markdown of pages: headings get ids to link to, and HTML in the source stays text."""

import re
from functools import cache
from itertools import pairwise

from markdown_it import MarkdownIt

_UNSAFE_IN_CELLS = re.compile(r"([|\\])")


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def to_html(text: str) -> str:
    """The HTML of `text`."""
    parser = _parser()
    tokens = parser.parse(text)
    taken: set[str] = set()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _anchor(inline.content, taken))
    html: str = parser.renderer.render(tokens, parser.options, {})
    return html


def split_heading(text: str) -> tuple[str, str]:
    """The text of the first line, which is the heading of the page, and everything below it."""
    first, _, rest = text.partition("\n")
    return first.removeprefix("# ").strip(), rest.lstrip("\n")


def cell(text: str) -> str:
    """`text` as it stands in a cell of a table: in one line, its bars escaped."""
    return _UNSAFE_IN_CELLS.sub(r"\\\1", " ".join(text.split()))


def fence(text: str, language: str = "") -> str:
    """`text` as a block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def blocks(text: str) -> list[tuple[str, str]]:
    """(language, code) of the blocks of code in `text`, in order."""
    return [(token.info.strip(), token.content) for token in _parser().parse(text) if token.type == "fence"]


def _anchor(heading: str, taken: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") or "section"
    found, number = slug, 1
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    taken.add(found)
    return found
