"""Case and accent folding for searches: all use the database's function `text_fold` (docs/decisions/0025)."""

from typing import Any

from sqlalchemy import ColumnElement, Index, func, literal_column
from sqlalchemy.orm import InstrumentedAttribute


def contains(text: ColumnElement[str] | InstrumentedAttribute[str], q: str) -> ColumnElement[bool]:
    """Whether `q` is in `text`, ignoring case, accents and compatibility forms; a `folded_index` of exactly
    this text serves it.
    """
    folded: ColumnElement[Any] = func.text_fold(text)
    return folded.like(func.text_pattern(q))


def folded_index(name: str, expression: str) -> Index:
    """An index for `contains`, on `text_fold(...)` as SQL."""
    folded: ColumnElement[Any] = literal_column(expression)
    return Index(
        name, folded.label("folded"), postgresql_using="gin", postgresql_ops={"folded": "gin_trgm_ops"}
    )
