"""Keyset pages of hand-written SQL, for the lists that have to be fast.

The statement is text that is built once for each kind of search, and a page is one round trip.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import DataError

from marketplace.database.reading import read
from marketplace.kernel.cursors import CursorSigner, InvalidCursor, fingerprint
from marketplace.kernel.pages import Page, PageRequest

_FORWARDS, _BACKWARDS = "n", "p"


def position(value: Any) -> Any:
    """A sort key as it goes into a cursor."""
    return value.isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True)
class Place:
    """Where a page begins: behind the row with these `key` values, in either direction; without a key at the
    list's beginning.
    """

    key: tuple[Any, ...] = ()
    backwards: bool = False


@dataclass(frozen=True)
class Found:
    """The statement of a page: `sql` gives at least the columns of `keys` (the position of a row, `id` last),
    in the `order` that whoever joins more to it repeats. Is it `steady`, then it is one of few statements,
    with one plan whatever its parameters are: the first rows of an index.
    """

    sql: str
    parameters: dict[str, Any]
    keys: tuple[str, ...]
    order: str
    steady: bool = False


def find_place(
    request: PageRequest, signer: CursorSigner, *, name: str, filters: Mapping[str, Any]
) -> tuple[Place, str]:
    """What the cursor of `request` stands for, and what new ones are bound to. Raises InvalidCursor."""
    bound_to = fingerprint(name, filters)
    if request.after is not None and request.before is not None:
        raise InvalidCursor("Send after or before, not both")
    cursor = request.before if request.after is None else request.after
    if cursor is None:
        return Place(), bound_to
    try:
        direction, *key = json.loads(signer.load(cursor, bound_to))
    except (ValueError, TypeError):
        raise InvalidCursor from None  # signed by an older release, which wrote positions otherwise
    if direction != (_FORWARDS if request.before is None else _BACKWARDS):
        raise InvalidCursor("Use next with after, and previous with before")
    return Place(tuple(key), backwards=request.before is not None), bound_to


def fetch_rows(
    connection: Connection, found: Found, place: Place, milliseconds: int | None = None
) -> list[Row[Any]]:
    """The rows of a page and one more, when there is one. Raises InvalidCursor for a key of other types, and
    OutOfTime after `milliseconds`.
    """
    try:
        return read(connection, found.sql, found.parameters, prepared=found.steady, milliseconds=milliseconds)
    except DataError:
        if not place.key:
            raise
        raise InvalidCursor from None


def cut_page(
    rows: Sequence[Row[Any]],
    keys: Sequence[str],
    request: PageRequest,
    place: Place,
    signer: CursorSigner,
    bound_to: str,
) -> Page[Row[Any]]:
    """The page in the list's order; `keys` are the columns of the position, the last one unique."""
    more = len(rows) > request.limit
    shown = list(rows[: request.limit])
    if place.backwards:
        shown.reverse()

    def cursor(direction: str, key: Sequence[Any]) -> str:
        return signer.dump(json.dumps([direction, *key], separators=(",", ":")), bound_to)

    def key_of(row: Row[Any]) -> list[Any]:
        return [position(getattr(row, name)) for name in keys]

    first = key_of(shown[0]) if shown else list(place.key)
    last = key_of(shown[-1]) if shown else list(place.key)
    has_next = bool(place.key) if place.backwards else more
    has_previous = more if place.backwards else bool(place.key)
    return Page(
        shown,
        next=cursor(_FORWARDS, last) if has_next else None,
        previous=cursor(_BACKWARDS, first) if has_previous else None,
    )
