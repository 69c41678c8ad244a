"""The rules of the catalog that need no database."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

LISTINGS_TOPIC = "performers"
"""The cached answers that show performers or their services: whoever changes either drops it."""

MAX_SERVICES = 500
"""Services per performer that are not deleted."""

MAX_DEPTH = 8
"""Levels of the tree of categories."""

MAX_SLUG = 120
"""Characters."""

COUNT_SHARDS = 16
"""Rows that a banner's views of one day are spread over."""

MAX_STATS_DAYS = 366

STILL_COUNTED = timedelta(hours=1)
"""A banner that has ended may still stand on somebody's screen."""

MIN_REVIEWS = 3
"""Fewer reviews make no average (contract, 6)."""

PRIOR_REVIEWS = 5
PRIOR_RATING = 4
"""Ranking is by the mean with so many imagined reviews of so many stars added: one five-star review
does not outrank fifty that average 4.9 (the Bayesian average)."""


_SLUG = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")


class Pricing(StrEnum):
    """How a service is paid for."""

    FIXED = "fixed"
    HOURLY = "hourly"
    QUOTE = "quote"


class Visibility(StrEnum):
    """What staff makes of a service."""

    VISIBLE = "visible"
    HIDDEN = "hidden"


class ServiceSort(StrEnum):
    """Orders of the public search."""

    NEWEST = "newest"
    PRICE = "price"
    RATING = "rating"
    DISTANCE = "distance"
    RELEVANCE = "relevance"


def is_slug(text: str) -> bool:
    """Whether a category can have `text` as its slug."""
    return len(text) <= MAX_SLUG and _SLUG.fullmatch(text) is not None


def is_priced(pricing: str, price: object) -> bool:
    """Whether a service of this pricing may have this price; only a quote goes without."""
    return price is not None or pricing == Pricing.QUOTE


def average_rating(count: int, total: int) -> float | None:
    """The mean to show, two decimals; None where there are too few reviews."""
    return None if count < MIN_REVIEWS else round(total / count, 2)


def local_name(names: Mapping[str, Any], language: str) -> str:
    """The name in `language`, in English where there is none."""
    return str(names.get(language) or names["en"])


def search_names(name: str, ascii_name: str, alternate_names: Iterable[str]) -> str:
    """All names of a city in lower case, each once and on a line of its own, the main one first."""
    return "\n".join(dict.fromkeys(text.lower() for text in (name, ascii_name, *alternate_names) if text))


def plain_name(name: str) -> str:
    """`name` without accents, for those who type it on another keyboard."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
