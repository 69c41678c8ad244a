"""The SELECT behind every public list of performers and services: which rows, in which order, from where on.

It is text, because it uses what an expression language hides (LATERAL, row comparisons in the order of an
index). All parts are constants of this module; values go in as parameters.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from marketplace.database.geography import cities_sql
from marketplace.database.patience import NARROW_MS, SEARCH_MS, OutOfTime, SearchTooBroad
from marketplace.database.reading import read
from marketplace.database.seeking import Found, Place, fetch_rows
from marketplace.database.wording import Words
from marketplace.kernel.pages import DEFAULT_LIMIT

NEIGHBOURHOOD_KM = 150.0
"""Up to this radius each city in the circle is asked for its first rows; in a wider one so many cities lie
that walking the whole list finds a page sooner."""

_LAST = 2**63 - 1


@dataclass(frozen=True)
class ListingTable:
    """A table of what the public may see; `by_category` has its rows once more, by category, or is None.
    `takes` is SQL on its row `l`: how long somebody has to be free.
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

Span = tuple[datetime, datetime, datetime]


@dataclass(frozen=True)
class Wanted:
    """Filters and order of a list. `near` is latitude and longitude in degrees, `min_rating` in hundredths
    of a star, `max_price` in minor units; `free` is between which times somebody has to have
    time, and the present one.
    """

    sort: str = "newest"
    city_id: int | None = None
    category_id: int | None = None
    words: Words | None = None
    verified: bool | None = None
    min_rating: int | None = None
    min_rating_count: int = 0
    max_price: int | None = None
    currency: str | None = None
    performer_id: int | None = None
    near: tuple[float, float] | None = None
    radius_km: float | None = None
    free: Span | None = None


def successor(connection: Connection, category_id: int | None) -> int | None:
    """Where a category went that is no more. Asked by lists that find nothing, so that others pay nothing."""
    if category_id is None:
        return None
    sql = "SELECT category_id FROM category_merger WHERE former_id = %(id)s"
    rows = read(connection, sql, {"id": category_id})
    return rows[0].category_id if rows else None


def fetch_found(
    connection: Connection, wanted: Wanted, make: Callable[[Wanted], Found], place: Place
) -> tuple[Found, list[Row[Any]]]:
    """The statement that `make` gives for what is wanted, and its rows.

    A search by words has a second; after that the words themselves are looked for, not what they may mean.
    Raises SearchTooBroad and InvalidCursor.
    """
    found = make(wanted)
    if wanted.words is None:
        return found, fetch_rows(connection, found, place)
    try:
        return found, fetch_rows(connection, found, place, SEARCH_MS)
    except OutOfTime:
        found = make(replace(wanted, words=wanted.words.themselves()))
    try:
        return found, fetch_rows(connection, found, place, NARROW_MS)
    except OutOfTime:
        raise SearchTooBroad from None


def span(start: datetime | None, end: datetime | None, now: datetime) -> Span | None:
    """All three, or None: a request has both or neither; `now` is what the notice counts from."""
    return None if start is None or end is None else (start, end, now)


def find(table: ListingTable, wanted: Wanted, place: Place, rows: int, offset: int = 0) -> Found:
    """At most `rows` of what is wanted, behind `place` or after `offset`."""
    make = {"distance": _by_distance, "relevance": _by_relevance}.get(wanted.sort, _by_column)
    return make(table, wanted, place, rows, offset)


_COLUMNS = {"newest": ("created_at", False), "rating": ("score", False), "price": ("price", True)}
"""sort -> column, and whether it rises."""


def _by_column(table: ListingTable, wanted: Wanted, place: Place, rows: int, offset: int) -> Found:
    column, rises = _COLUMNS[wanted.sort]
    source, alias, conditions, parameters = _source(table, wanted)
    direction = "ASC" if rises != place.backwards else "DESC"
    keys = (f"{alias}.{column}", f"{alias}.{table.id}")
    if place.key:
        cast = "::timestamptz" if column == "created_at" else "::bigint"
        conditions.append(f"({keys[0]}, {keys[1]}) {_beyond(direction)} (%(key_0)s{cast}, %(key_1)s::bigint)")
        parameters |= _key_parameters(place, 2)
    order = f"{column} {direction}, id {direction}"
    inner_order = f"{keys[0]} {direction}, {keys[1]} {direction}"
    if _is_plain(wanted):
        # The numbers are part of the text, as the plan depends on them.
        sql = (
            f"SELECT {keys[1]} AS id, {keys[0]} AS {column} FROM {source}{_where(conditions)}"  # noqa: S608 - constants of this module
            f" ORDER BY {inner_order} LIMIT {rows:d} OFFSET {offset:d}"
        )
        steady = rows == DEFAULT_LIMIT + 1 and not offset
        return Found(sql, parameters, (column, "id"), order, steady)
    parameters |= {"rows": rows, "offset": offset}
    if (
        wanted.near is not None
        and wanted.radius_km is not None
        and wanted.words is None
        and wanted.radius_km <= NEIGHBOURHOOD_KM
    ):
        parameters["deep"] = rows + offset
        sql = (
            f"SELECT x.id, x.{column}, c.metres FROM ({_circle(wanted, parameters)}) AS c"  # noqa: S608 - constants of this module
            f" CROSS JOIN LATERAL (SELECT {keys[1]} AS id, {keys[0]} AS {column} FROM {source}"
            f" WHERE {' AND '.join([f'{alias}.city_id = c.id', *conditions])}"
            f" ORDER BY {inner_order} LIMIT %(deep)s) AS x"
            f" ORDER BY x.{column} {direction}, x.id {direction} LIMIT %(rows)s OFFSET %(offset)s"
        )
        return Found(sql, parameters, (column, "id"), order)
    if wanted.near is not None and wanted.radius_km is not None:
        conditions.append(
            f"EXISTS (SELECT FROM ({_circle(wanted, parameters)}) AS c WHERE c.id = {alias}.city_id)"
        )
    rows_sql = f"SELECT {keys[1]} AS id, {keys[0]} AS {column} FROM {source}{_where(conditions)}"  # noqa: S608 - constants of this module
    if wanted.words is None or (wanted.words.any.often and _is_unfiltered(wanted)):
        sql = f"{rows_sql} ORDER BY {inner_order} LIMIT %(rows)s OFFSET %(offset)s"
    else:
        sql = (
            f"SELECT id, {column} FROM ({rows_sql} OFFSET 0) AS m"  # noqa: S608 - constants of this module
            f" ORDER BY {order} LIMIT %(rows)s OFFSET %(offset)s"
        )
    return Found(sql, parameters, (column, "id"), order)


def _is_plain(wanted: Wanted) -> bool:
    """Whether there is an index with just the rows that are asked for, in their order."""
    plain = Wanted(wanted.sort, wanted.city_id, wanted.category_id, min_rating_count=wanted.min_rating_count)
    return wanted == plain


def _is_unfiltered(wanted: Wanted) -> bool:
    """Whether nothing but words is asked for."""
    return wanted == Wanted(sort=wanted.sort, words=wanted.words, min_rating_count=wanted.min_rating_count)


def _by_distance(table: ListingTable, wanted: Wanted, place: Place, rows: int, offset: int) -> Found:
    """City by city, the nearest first; within one, the best first."""
    source, alias, conditions, parameters = _source(table, wanted)
    rising, falling = ("DESC", "ASC") if place.backwards else ("ASC", "DESC")
    cities = f"SELECT id, metres FROM ({_circle(wanted, parameters)}) AS c"  # noqa: S608 - constants of this module
    if place.key:
        parameters |= _key_parameters(place, 4)
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
    return Found(sql, parameters, ("metres", "city_id", "score", "id"), order)


def _by_relevance(table: ListingTable, wanted: Wanted, place: Place, rows: int, offset: int) -> Found:
    """Tier by tier, within one the best first.

    Each tier is a query of its own, so that a page that the first ones fill costs nothing of the others:
    PostgreSQL runs the parts of a UNION ALL in turn, and stops at the LIMIT (without parallel workers, which
    the connection forbids).
    """
    assert wanted.words is not None
    direction = "ASC" if place.backwards else "DESC"
    order = f"tier {direction}, score {direction}, id {direction}"
    parameters: dict[str, Any] = {"rows": rows, "offset": offset, "deep": rows + offset}
    if place.key:
        parameters |= _key_parameters(place, 3)
    parts = []
    for number, asked in enumerate(wanted.words.tiers):
        if asked.given_up:
            continue
        parameters[f"tier_{number}"] = asked.query
        tier = len(wanted.words.tiers) - 1 - number
        if place.key and (tier < place.key[0] if place.backwards else tier > place.key[0]):
            continue
        source, alias, conditions, more = _source(table, wanted, words=False)
        parameters |= more
        conditions.append(f"l.words @@ %(tier_{number})s::tsquery")
        if number:
            conditions.append(f"NOT l.words @@ %(tier_{number - 1})s::tsquery")
        if wanted.near is not None and wanted.radius_km is not None:
            conditions.append(
                f"EXISTS (SELECT FROM ({_circle(wanted, parameters)}) AS c WHERE c.id = l.city_id)"
            )
        if place.key and tier == place.key[0]:
            conditions.append(
                f"({alias}.score, {alias}.{table.id}) {_beyond(direction)}"
                " (%(key_1)s::bigint, %(key_2)s::bigint)"
            )
        found = f"SELECT {alias}.{table.id} AS id, {alias}.score FROM {source}{_where(conditions)}"  # noqa: S608 - constants of this module
        # Looked up first (OFFSET 0 keeps the two apart), or walked through in the order of an index.
        walked = asked.often and _is_unfiltered(wanted)
        parts.append(
            f"(SELECT m.id, {tier} AS tier, m.score FROM ({found}{'' if walked else ' OFFSET 0'}) AS m"  # noqa: S608 - constants of this module
            f" ORDER BY m.score {direction}, m.id {direction} LIMIT %(deep)s)"
        )
    if place.backwards:
        parts.reverse()
    sql = f"{' UNION ALL '.join(parts)} LIMIT %(rows)s OFFSET %(offset)s"
    return Found(sql, parameters, ("tier", "score", "id"), order)


def count_sql(table: ListingTable, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE of all that is wanted, in whatever order, with the listing's row as `l`."""
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for condition, more in _conditions(table, wanted, words=True):
        conditions.append(condition)
        parameters |= more
    if wanted.city_id is not None:
        conditions.append("l.city_id = %(city_id)s")
        parameters["city_id"] = wanted.city_id
    if wanted.category_id is not None:
        conditions.append("l.category_ids @> ARRAY[%(category_id)s]::bigint[]")
        parameters["category_id"] = wanted.category_id
    if wanted.max_price is not None:
        conditions.append("l.price <= %(max_price)s")
        parameters["max_price"] = wanted.max_price
    if wanted.near is not None and wanted.radius_km is not None:
        conditions.append(f"l.city_id IN (SELECT id FROM ({_circle(wanted, parameters)}) AS c)")  # noqa: S608 - constants of this module
    return f"{table.name} AS l{_where(conditions)}", parameters


def _source(
    table: ListingTable, wanted: Wanted, *, words: bool = True
) -> tuple[str, str, list[str], dict[str, Any]]:
    """FROM, the alias that has the sort keys, conditions, and their values. With a category the rows come
    from the table by category, in its order; the listing itself joins when a filter needs it.
    """
    parameters: dict[str, Any] = {}
    of_listing = []
    for condition, more in _conditions(table, wanted, words=words):
        of_listing.append(condition)
        parameters |= more
    alias, source = "l", f"{table.name} AS l"
    conditions = []
    if wanted.category_id is not None:
        parameters["category_id"] = wanted.category_id
        if table.by_category is None or wanted.words is not None:
            conditions.append("l.category_ids @> ARRAY[%(category_id)s]::bigint[]")
        else:
            alias, source = "e", f"{table.by_category} AS e"
            conditions.append("e.category_id = %(category_id)s")
            if of_listing:
                source += f" JOIN {table.name} AS l ON l.{table.id} = e.{table.id}"
    if wanted.city_id is not None:
        conditions.append(f"{alias}.city_id = %(city_id)s")
        parameters["city_id"] = wanted.city_id
    if wanted.max_price is not None:
        conditions.append(f"{alias}.price <= %(max_price)s")
        parameters["max_price"] = wanted.max_price
    return source, alias, conditions + of_listing, parameters


def _conditions(table: ListingTable, wanted: Wanted, *, words: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Conditions on the listing's row `l` that need columns which only the listing has, each with its values;
    the dearest last.
    """
    if wanted.verified is not None:
        yield "l.verified = %(verified)s", {"verified": wanted.verified}
    if wanted.min_rating is not None:
        yield "l.rating_count >= %(min_rating_count)s", {"min_rating_count": wanted.min_rating_count}
        yield "l.rating_sum * 100 >= l.rating_count * %(min_rating)s", {"min_rating": wanted.min_rating}
    if wanted.currency is not None:
        yield "l.currency = %(currency)s", {"currency": wanted.currency}
    if wanted.performer_id is not None:
        yield "l.performer_id = %(performer_id)s", {"performer_id": wanted.performer_id}
    if words and wanted.words is not None:
        yield "l.words @@ %(wide)s::tsquery", {"wide": wanted.words.any.query}
    if wanted.free is not None:
        yield (
            (
                "EXISTS (SELECT FROM unnest(performer_free(l.performer_id, %(free_from)s::timestamptz,"
                " %(free_to)s::timestamptz, %(now)s::timestamptz)) AS span"
                f" WHERE upper(span) - lower(span) >= {table.takes})"
            ),
            {"free_from": wanted.free[0], "free_to": wanted.free[1], "now": wanted.free[2]},
        )


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _beyond(direction: str) -> str:
    return ">" if direction == "ASC" else "<"


def _key_parameters(place: Place, length: int) -> dict[str, Any]:
    return {f"key_{number}": value for number, value in enumerate(place.key[:length])}


def _circle(wanted: Wanted, parameters: dict[str, Any]) -> str:
    assert wanted.near is not None
    return cities_sql(wanted.near, wanted.radius_km, parameters)
