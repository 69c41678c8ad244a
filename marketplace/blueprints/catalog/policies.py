"""The rules of the catalog that need no database."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

MAX_DEPTH = 8
"""The limit of levels of the tree of categories."""

MAX_SLUG = 120
"""The limit of characters of a slug."""

_SLUG = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")


def is_slug(text: str) -> bool:
    """Whether `text` can be the slug of a category."""
    return len(text) <= MAX_SLUG and _SLUG.fullmatch(text) is not None


def local_name(names: Mapping[str, Any], language: str) -> str:
    """The name in `language`, or in English if there is none."""
    return str(names.get(language) or names["en"])


def search_names(name: str, ascii_name: str, alternate_names: Iterable[str]) -> str:
    """All names of a city in lower case, each once and on a line of its own, the main one first."""
    return "\n".join(dict.fromkeys(text.lower() for text in (name, ascii_name, *alternate_names) if text))


def plain_name(name: str) -> str:
    """`name` without accents, for people who type it on another keyboard."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
