"""Builds the SELECT of every public list of performers and services: filters, order, and position.

It is text, because it uses features that an expression language hides (LATERAL, row comparisons in the order
of an index). All parts are constants of this module; values are passed as parameters.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row

from marketplace.database.free_time import FreeSpan, free_condition
from marketplace.database.geography import cities_sql
from marketplace.database.keyset import KeysetPosition, PageStatement, fetch_rows
from marketplace.database.lexicon import SearchTerms
from marketplace.database.prepared import fetch_all
from marketplace.database.timeouts import NARROW_MS, SEARCH_MS, SearchTooBroad, StatementTimeout
from marketplace.kernel.pages import DEFAULT_LIMIT

NEIGHBOURHOOD_KM = 150.0
"""Up to this radius the first rows of each city in the circle are fetched; a wider circle has so many cities
that scanning the whole list finds a page sooner."""

_LAST = 2**63 - 1


@dataclass(frozen=True)
class ListingTable:
    """A table of public rows; `by_category` holds the same rows by category, or is None.
    `takes` is SQL on its row `l`: how long the performer has to be free.
    """

    name: str
    id: str
    takes: str
    by_category: str | None = None


PERFORMERS = ListingTable(
    "performer_listing", "performer_id", "interval '15 minutes'", "performer_listing_category"
)
SERVICES = ListingTable(
    "service_listing",
    "service_id",
    "(SELECT make_interval(mins => duration_minutes::int) FROM service WHERE id = l.service_id)",
)


@dataclass(frozen=True)
class ListingQuery:
    """Filters and order of a list. `near` is latitude and longitude in degrees, `min_rating` in hundredths
    of a star, `max_price` in minor units.
    """

    sort: str = "newest"
    city_id: int | None = None
    category_id: int | None = None
    words: SearchTerms | None = None
    verified: bool | None = None
    min_rating: int | None = None
    min_rating_count: int = 0
    max_price: int | None = None
    currency: str | None = None
    performer_id: int | None = None
    near: tuple[float, float] | None = None
    radius_km: float | None = None
    free: FreeSpan | None = None


def find_merged(connection: Connection, category_id: int | None) -> int | None:
    """The category that a merged one went into. Only lists that find nothing ask, so others pay nothing."""
    if category_id is None:
        return None
    sql = "SELECT category_id FROM category_merger WHERE former_id = %(id)s"
    rows = fetch_all(connection, sql, {"id": category_id})
    return rows[0].category_id if rows else None


def fetch_listing(
    connection: Connection,
    query: ListingQuery,
    make: Callable[[ListingQuery], PageStatement],
    position: KeysetPosition,
) -> tuple[PageStatement, list[Row[Any]]]:
    """The statement that `make` gives for `query`, and its rows.

    A search by words has a second; after that only the words themselves are searched, not their expansions.
    Raises SearchTooBroad and InvalidCursor.
    """
    found = make(query)
    if query.words is None:
        return found, fetch_rows(connection, found, position)
    try:
        return found, fetch_rows(connection, found, position, SEARCH_MS)
    except StatementTimeout:
        found = make(replace(query, words=query.words.literal()))
    try:
        return found, fetch_rows(connection, found, position, NARROW_MS)
    except StatementTimeout:
        raise SearchTooBroad from None


def build_page(
    table: ListingTable, query: ListingQuery, position: KeysetPosition, rows: int, offset: int = 0
) -> PageStatement:
    """At most `rows` rows of `query`, after `position` or `offset`."""
    make = {"distance": _by_distance, "relevance": _by_relevance}.get(query.sort, _by_column)
    return make(table, query, position, rows, offset)


_COLUMNS = {"newest": ("created_at", False), "rating": ("score", False), "price": ("price", True)}
"""sort -> column, and whether it ascends."""


def _by_column(
    table: ListingTable, query: ListingQuery, position: KeysetPosition, rows: int, offset: int
) -> PageStatement:
    column, rises = _COLUMNS[query.sort]
    source, alias, conditions, parameters = _source(table, query)
    direction = "ASC" if rises != position.backwards else "DESC"
    keys = (f"{alias}.{column}", f"{alias}.{table.id}")
    if position.key:
        cast = "::timestamptz" if column == "created_at" else "::bigint"
        conditions.append(f"({keys[0]}, {keys[1]}) {_beyond(direction)} (%(key_0)s{cast}, %(key_1)s::bigint)")
        parameters |= _key_parameters(position, 2)
    order = f"{column} {direction}, id {direction}"
    inner_order = f"{keys[0]} {direction}, {keys[1]} {direction}"
    if _is_plain(query):
        # The numbers are part of the text, as the plan depends on them.
        sql = (
            f"SELECT {keys[1]} AS id, {keys[0]} AS {column} FROM {source}{_where(conditions)}"  # noqa: S608 - constants of this module
            f" ORDER BY {inner_order} LIMIT {rows:d} OFFSET {offset:d}"
        )
        prepared = rows == DEFAULT_LIMIT + 1 and not offset
        return PageStatement(sql, parameters, (column, "id"), order, prepared)
    parameters |= {"rows": rows, "offset": offset}
    if (
        query.near is not None
        and query.radius_km is not None
        and query.words is None
        and query.radius_km <= NEIGHBOURHOOD_KM
    ):
        parameters["deep"] = rows + offset
        sql = (
            f"SELECT x.id, x.{column}, c.metres FROM ({_circle(query, parameters)}) AS c"  # noqa: S608 - constants of this module
            f" CROSS JOIN LATERAL (SELECT {keys[1]} AS id, {keys[0]} AS {column} FROM {source}"
            f" WHERE {' AND '.join([f'{alias}.city_id = c.id', *conditions])}"
            f" ORDER BY {inner_order} LIMIT %(deep)s) AS x"
            f" ORDER BY x.{column} {direction}, x.id {direction} LIMIT %(rows)s OFFSET %(offset)s"
        )
        return PageStatement(sql, parameters, (column, "id"), order)
    if query.near is not None and query.radius_km is not None:
        conditions.append(
            f"EXISTS (SELECT FROM ({_circle(query, parameters)}) AS c WHERE c.id = {alias}.city_id)"
        )
    rows_sql = f"SELECT {keys[1]} AS id, {keys[0]} AS {column} FROM {source}{_where(conditions)}"  # noqa: S608 - constants of this module
    if query.words is None or (query.words.any.is_common and _is_unfiltered(query)):
        sql = f"{rows_sql} ORDER BY {inner_order} LIMIT %(rows)s OFFSET %(offset)s"
    else:
        sql = (
            f"SELECT id, {column} FROM ({rows_sql} OFFSET 0) AS m"  # noqa: S608 - constants of this module
            f" ORDER BY {order} LIMIT %(rows)s OFFSET %(offset)s"
        )
    return PageStatement(sql, parameters, (column, "id"), order)


def _is_plain(query: ListingQuery) -> bool:
    """Whether an index holds exactly the requested rows, in their order."""
    plain = ListingQuery(
        query.sort, query.city_id, query.category_id, min_rating_count=query.min_rating_count
    )
    return query == plain


def _is_unfiltered(query: ListingQuery) -> bool:
    """Whether the query has words and no other filter."""
    return query == ListingQuery(sort=query.sort, words=query.words, min_rating_count=query.min_rating_count)


def _by_distance(
    table: ListingTable, query: ListingQuery, position: KeysetPosition, rows: int, offset: int
) -> PageStatement:
    """City by city, the nearest first; within each, the best first."""
    source, alias, conditions, parameters = _source(table, query)
    rising, falling = ("DESC", "ASC") if position.backwards else ("ASC", "DESC")
    cities = f"SELECT id, metres FROM ({_circle(query, parameters)}) AS c"  # noqa: S608 - constants of this module
    if position.key:
        parameters |= _key_parameters(position, 4)
        here = "(c.metres, c.id) = (%(key_0)s::bigint, %(key_1)s::bigint)"
        cities += f" WHERE (metres, id) {_beyond(rising)}= (%(key_0)s::bigint, %(key_1)s::bigint)"
        beginning = _LAST if falling == "DESC" else -1
        conditions.append(
            f"({alias}.score, {alias}.{table.id}) {_beyond(falling)}"
            f" (CASE WHEN {here} THEN %(key_2)s::bigint ELSE {beginning} END,"
            f" CASE WHEN {here} THEN %(key_3)s::bigint ELSE {beginning} END)"
        )
    parameters |= {"rows": rows, "offset": offset, "deep": rows + offset}
    order = f"metres {rising}, city_id {rising}, score {falling}, id {falling}"
    sql = (
        f"SELECT x.id, c.metres, c.id AS city_id, x.score"  # noqa: S608 - constants of this module
        f" FROM ({cities} ORDER BY metres {rising}, id {rising}) AS c"
        f" CROSS JOIN LATERAL (SELECT {alias}.{table.id} AS id, {alias}.score FROM {source}"
        f" WHERE {' AND '.join([f'{alias}.city_id = c.id', *conditions])}"
        f" ORDER BY {alias}.score {falling}, {alias}.{table.id} {falling} LIMIT %(deep)s) AS x"
        f" ORDER BY c.metres {rising}, c.id {rising}, x.score {falling}, x.id {falling}"
        f" LIMIT %(rows)s OFFSET %(offset)s"
    )
    return PageStatement(sql, parameters, ("metres", "city_id", "score", "id"), order)


def _by_relevance(
    table: ListingTable, query: ListingQuery, position: KeysetPosition, rows: int, offset: int
) -> PageStatement:
    """Tier by tier, within each the best first.

    Each tier is a query of its own, so a page that the first ones fill does not run the others:
    PostgreSQL runs the parts of a UNION ALL in turn, and stops at the LIMIT (without parallel workers, which
    the connection forbids).
    """
    assert query.words is not None
    direction = "ASC" if position.backwards else "DESC"
    order = f"tier {direction}, score {direction}, id {direction}"
    parameters: dict[str, Any] = {"rows": rows, "offset": offset, "deep": rows + offset}
    if position.key:
        parameters |= _key_parameters(position, 3)
    parts = []
    for number, asked in enumerate(query.words.tiers):
        if asked.is_skipped:
            continue
        parameters[f"tier_{number}"] = asked.query
        tier = len(query.words.tiers) - 1 - number
        if position.key and (tier < position.key[0] if position.backwards else tier > position.key[0]):
            continue
        source, alias, conditions, more = _source(table, query, words=False)
        parameters |= more
        conditions.append(f"l.words @@ %(tier_{number})s::tsquery")
        if number:
            conditions.append(f"NOT l.words @@ %(tier_{number - 1})s::tsquery")
        if query.near is not None and query.radius_km is not None:
            conditions.append(
                f"EXISTS (SELECT FROM ({_circle(query, parameters)}) AS c WHERE c.id = l.city_id)"
            )
        if position.key and tier == position.key[0]:
            conditions.append(
                f"({alias}.score, {alias}.{table.id}) {_beyond(direction)}"
                " (%(key_1)s::bigint, %(key_2)s::bigint)"
            )
        found = f"SELECT {alias}.{table.id} AS id, {alias}.score FROM {source}{_where(conditions)}"  # noqa: S608 - constants of this module
        # Either matches are looked up first (OFFSET 0 separates the steps), or the index is scanned in order.
        walked = asked.is_common and _is_unfiltered(query)
        parts.append(
            f"(SELECT m.id, {tier} AS tier, m.score FROM ({found}{'' if walked else ' OFFSET 0'}) AS m"  # noqa: S608 - constants of this module
            f" ORDER BY m.score {direction}, m.id {direction} LIMIT %(deep)s)"
        )
    if position.backwards:
        parts.reverse()
    sql = f"{' UNION ALL '.join(parts)} LIMIT %(rows)s OFFSET %(offset)s"
    return PageStatement(sql, parameters, ("tier", "score", "id"), order)


def count_sql(table: ListingTable, query: ListingQuery) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE of all rows of `query`, in any order, with the listing's row as `l`."""
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for condition, more in _conditions(table, query, words=True):
        conditions.append(condition)
        parameters |= more
    if query.city_id is not None:
        conditions.append("l.city_id = %(city_id)s")
        parameters["city_id"] = query.city_id
    if query.category_id is not None:
        conditions.append("l.category_ids @> ARRAY[%(category_id)s]::bigint[]")
        parameters["category_id"] = query.category_id
    if query.max_price is not None:
        conditions.append("l.price <= %(max_price)s")
        parameters["max_price"] = query.max_price
    if query.near is not None and query.radius_km is not None:
        conditions.append(f"l.city_id IN (SELECT id FROM ({_circle(query, parameters)}) AS c)")  # noqa: S608 - constants of this module
    return f"{table.name} AS l{_where(conditions)}", parameters


def _source(
    table: ListingTable, query: ListingQuery, *, words: bool = True
) -> tuple[str, str, list[str], dict[str, Any]]:
    """FROM, the alias that has the sort keys, conditions, and their values. With a category the rows come
    from the table by category, in its order; the listing itself joins when a filter needs it.
    """
    parameters: dict[str, Any] = {}
    of_listing = []
    for condition, more in _conditions(table, query, words=words):
        of_listing.append(condition)
        parameters |= more
    alias, source = "l", f"{table.name} AS l"
    conditions = []
    if query.category_id is not None:
        parameters["category_id"] = query.category_id
        if table.by_category is None or query.words is not None:
            conditions.append("l.category_ids @> ARRAY[%(category_id)s]::bigint[]")
        else:
            alias, source = "e", f"{table.by_category} AS e"
            conditions.append("e.category_id = %(category_id)s")
            if of_listing:
                source += f" JOIN {table.name} AS l ON l.{table.id} = e.{table.id}"
    if query.city_id is not None:
        conditions.append(f"{alias}.city_id = %(city_id)s")
        parameters["city_id"] = query.city_id
    if query.max_price is not None:
        conditions.append(f"{alias}.price <= %(max_price)s")
        parameters["max_price"] = query.max_price
    return source, alias, conditions + of_listing, parameters


def _conditions(
    table: ListingTable, query: ListingQuery, *, words: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Conditions on the listing's row `l` that need columns which only the listing has, each with its values;
    the most expensive last.
    """
    if query.verified is not None:
        yield "l.verified = %(verified)s", {"verified": query.verified}
    if query.min_rating is not None:
        yield "l.rating_count >= %(min_rating_count)s", {"min_rating_count": query.min_rating_count}
        yield "l.rating_sum * 100 >= l.rating_count * %(min_rating)s", {"min_rating": query.min_rating}
    if query.currency is not None:
        yield "l.currency = %(currency)s", {"currency": query.currency}
    if query.performer_id is not None:
        yield "l.performer_id = %(performer_id)s", {"performer_id": query.performer_id}
    if words and query.words is not None:
        yield "l.words @@ %(wide)s::tsquery", {"wide": query.words.any.query}
    if query.free is not None:
        yield free_condition(query.free, table.takes)


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _beyond(direction: str) -> str:
    return ">" if direction == "ASC" else "<"


def _key_parameters(position: KeysetPosition, length: int) -> dict[str, Any]:
    return {f"key_{number}": value for number, value in enumerate(position.key[:length])}


def _circle(query: ListingQuery, parameters: dict[str, Any]) -> str:
    assert query.near is not None
    return cities_sql(query.near, query.radius_km, parameters)
