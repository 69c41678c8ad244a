"""Keyset pages: each begins after the last row of the previous one, so no row is shown twice or left out.

Most lists are statements of the expression language (`fetch_page`). Those that have to be fast are SQL text,
built once for each kind of search (`PageStatement`, `fetch_rows`). Their cursors are the same: signed, and
bound to the list and its filters, so that an altered one never reaches the database (decision 0005).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Label, Row, Select, Text, literal, tuple_
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import UnaryExpression, _label_reference
from sqlalchemy.sql.operators import asc_op, desc_op

from marketplace.database.prepared import fetch_all
from marketplace.kernel.cursors import CursorSigner, InvalidCursor, fingerprint
from marketplace.kernel.pages import Page, PageRequest

_FORWARDS, _BACKWARDS = "n", "p"


@dataclass(frozen=True)
class KeysetPosition:
    """The start of a page: after the row with these `key` values, in either direction; without a key at the
    beginning of the list.
    """

    key: tuple[Any, ...] = ()
    backwards: bool = False


@dataclass(frozen=True)
class PageStatement:
    """The SQL of a page: it selects at least the columns of `keys` (the position of a row, `id` last), in
    `order`, which statements that join more to it repeat. It is prepared on each connection when `prepared`:
    for the few statements whose plan does not depend on their parameters, the first rows of an index.
    """

    sql: str
    parameters: dict[str, Any]
    keys: tuple[str, ...]
    order: str
    prepared: bool = False


class KeysetPage:
    """A requested page: its start, and how it is made from the rows that were found."""

    def __init__(
        self, request: PageRequest, signer: CursorSigner, *, name: str, filters: Mapping[str, Any]
    ) -> None:
        """`name` and `filters` (sort included) bind the cursors to this list. Raises InvalidCursor."""
        self._limit = request.limit
        self._signer = signer
        self._bound_to = fingerprint(name, filters)
        self.position = self._read(request)

    @property
    def rows(self) -> int:
        """How many rows to ask for: one more than are shown tells whether there is another page."""
        return self._limit + 1

    def cut(self, rows: Sequence[Row[Any]], keys: Sequence[str]) -> Page[Row[Any]]:
        """The page in the list's order; `keys` are the columns of the position, the last one unique."""
        return self.cut_by(rows, lambda number: [getattr(rows[number], name) for name in keys])

    def cut_by(self, rows: Sequence[Row[Any]], key_of: Callable[[int], Sequence[Any]]) -> Page[Row[Any]]:
        """As `cut`, with a function that gives the position of a row by its index."""
        position = self.position
        more = len(rows) > self._limit
        shown = list(rows[: self._limit])
        first, last = (len(shown) - 1, 0) if position.backwards else (0, len(shown) - 1)
        if position.backwards:
            shown.reverse()
        has_next = bool(position.key) if position.backwards else more
        has_previous = more if position.backwards else bool(position.key)
        return Page(
            shown,
            next=self._cursor(_FORWARDS, key_of(last) if shown else position.key) if has_next else None,
            previous=self._cursor(_BACKWARDS, key_of(first) if shown else position.key)
            if has_previous
            else None,
        )

    def _read(self, request: PageRequest) -> KeysetPosition:
        if request.after is not None and request.before is not None:
            raise InvalidCursor("Send after or before, not both")
        cursor = request.before if request.after is None else request.after
        if cursor is None:
            return KeysetPosition()
        backwards = request.before is not None
        try:
            direction, *key = json.loads(self._signer.load(cursor, self._bound_to))
        except (ValueError, TypeError):
            raise InvalidCursor from None  # signed by an older release, which wrote positions otherwise
        if not key or not all(isinstance(value, str | int | float) for value in key):
            raise InvalidCursor
        if direction != (_BACKWARDS if backwards else _FORWARDS):
            raise InvalidCursor("Use next with after, and previous with before")
        return KeysetPosition(tuple(key), backwards)

    def _cursor(self, direction: str, key: Sequence[Any]) -> str:
        # Times, dates and decimals as text that PostgreSQL reads.
        return self._signer.dump(
            json.dumps([direction, *key], separators=(",", ":"), default=str), self._bound_to
        )


def fetch_rows(
    connection: Connection,
    statement: PageStatement,
    position: KeysetPosition,
    milliseconds: int | None = None,
) -> list[Row[Any]]:
    """The rows of a page and one more, when there is one. Raises InvalidCursor for a key of other types, and
    StatementTimeout after `milliseconds`.
    """
    try:
        return fetch_all(
            connection,
            statement.sql,
            statement.parameters,
            prepared=statement.prepared,
            milliseconds=milliseconds,
        )
    except DataError:
        if not position.key:
            raise
        raise InvalidCursor from None


def fetch_page(
    session: Session,
    statement: Select[Any],
    request: PageRequest,
    signer: CursorSigner,
    *,
    name: str,
    filters: Mapping[str, Any],
) -> Page[Row[Any]]:
    """One page of `statement`, in one query.

    The statement's ORDER BY must be total (end in a unique column) and free of NULLs (`coalesce`),
    or rows are lost. `name` and `filters` (sort included) bind the cursors to this list.
    Raises InvalidCursor.
    """
    page = KeysetPage(request, signer, name=name, filters=filters)
    position = page.position
    order = [_sort_key(clause) for clause in statement._order_by_clauses]  # noqa: SLF001 - there is no public way to read it
    if position.key:
        if len(position.key) != len(order):
            raise InvalidCursor  # signed by an older release, whose sort had other columns
        statement = statement.where(_behind(order, position))
    descending = [is_descending != position.backwards for _, is_descending in order]
    statement = (
        statement.add_columns(*(column.label(f"keyset_{number}") for number, (column, _) in enumerate(order)))
        .order_by(None)
        .order_by(*(c.desc() if down else c.asc() for (c, _), down in zip(order, descending, strict=True)))
        .limit(page.rows)
    )
    try:
        found = session.execute(statement).freeze()
    except DataError:
        if not position.key:
            raise
        raise InvalidCursor from None  # signed by an older release, whose columns had other types
    width = len(found().keys()) - len(order)
    keys = [row[width:] for row in found()]
    return page.cut_by(found().columns(*range(width)).all(), keys.__getitem__)


def _sort_key(clause: Any) -> tuple[ColumnElement[Any], bool]:
    """The expression that a clause of ORDER BY sorts by, and whether the order descends."""
    falls = False
    while isinstance(clause, UnaryExpression | Label | _label_reference):
        if isinstance(clause, UnaryExpression):
            if clause.modifier not in {asc_op, desc_op}:
                break
            falls = clause.modifier is desc_op
        clause = clause.element
    return clause, falls


def _behind(
    order: Sequence[tuple[ColumnElement[Any], bool]], position: KeysetPosition
) -> ColumnElement[bool]:
    """One comparison of rows, which an index serves; for descending columns the sides are swapped."""
    greater, smaller = [], []
    for (column, falls), value in zip(order, position.key, strict=True):
        # A quoted literal, which PostgreSQL reads as the type of the other side.
        given: ColumnElement[Any] = literal(str(value), Text)
        ahead, behind = (given, column) if falls != position.backwards else (column, given)
        greater.append(ahead)
        smaller.append(behind)
    return tuple_(*greater) > tuple_(*smaller)
