"""Pages of a list: the request that services make to repositories, and the result."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


@dataclass(frozen=True)
class PageRequest:
    """The wanted page; at most one of `after` and `before` (signed cursors)."""

    limit: int = DEFAULT_LIMIT
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """`items` in the list's order; `next` and `previous` are cursors, None at the ends."""

    items: list[T]
    next: str | None = None
    previous: str | None = None
