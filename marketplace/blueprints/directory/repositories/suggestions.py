"""The SQL beside the list: suggestions during typing, and counts of a search by category and city."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from marketplace.blueprints.directory.ports import (
    CategoryCount,
    CityCount,
    Facets,
    Search,
    SuggestedService,
    SuggestionDirectory,
    Suggestions,
)
from marketplace.blueprints.directory.repositories.cards import card_of, find_cards, wanted
from marketplace.blueprints.performers.contracts import CategoryView
from marketplace.database.keyset import KeysetPosition, PageStatement
from marketplace.database.lexicon import expand_query
from marketplace.database.listings import (
    PERFORMERS,
    SERVICES,
    ListingQuery,
    build_page,
    count_sql,
    fetch_listing,
    find_merged,
)
from marketplace.database.prepared import fetch_all, read_connection
from marketplace.database.repository import SqlRepository
from marketplace.database.timeouts import SEARCH_MS, SearchTooBroad, StatementTimeout
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.clock import Clock
from marketplace.kernel.week import Spans

SUGGESTED = 5
"""The limit of suggestions of each kind."""
MOST_CITIES = 50

_NAME = "coalesce(k.names ->> %(language)s, k.names ->> 'en')"
# The query is the beginning of a word of the name, in any language, perhaps misspelt.
_CATEGORIES = f"""
    SELECT k.id, k.slug, {_NAME} AS name FROM category k
    CROSS JOIN LATERAL (
        SELECT max(CASE WHEN ' ' || folded_name LIKE '%% ' || asked.pattern || '%%' THEN 2
                        ELSE word_similarity(asked.folded, folded_name) END) AS nearness
        FROM (SELECT search_fold(value) AS folded_name FROM jsonb_each_text(k.names)) AS names
    ) AS names
    WHERE k.is_active AND nearness >= 0.5
    ORDER BY nearness DESC, k.position, k.id LIMIT {SUGGESTED}"""  # noqa: S608 - constants of this module
_ASKED = """
    WITH asked AS (
        SELECT folded, replace(replace(replace(folded, '\\', '\\\\'), '%%', '\\%%'), '_', '\\_') AS pattern
        FROM (SELECT btrim(search_fold(%(q)s)) AS folded) AS f WHERE folded <> ''
    )"""


class SqlSuggestions(SqlRepository, SuggestionDirectory):
    def __init__(self, uow: SqlUnitOfWork, clock: Clock, market_hours: Spans) -> None:
        super().__init__(uow)
        self._clock = clock
        self._market_hours = market_hours

    def suggest(self, q: str, city_id: int | None, language: str) -> Suggestions:
        # In four queries.
        with read_connection(self.session) as connection:
            words = expand_query(connection, q, language)
            rows = fetch_all(
                connection,
                _ASKED + _CATEGORIES.replace("FROM category k", "FROM asked CROSS JOIN category k"),
                {"q": q, "language": language},
            )
            categories = [CategoryView(*row) for row in rows]
            likely = ListingQuery(sort="relevance", city_id=city_id, words=words)
            _, cards = fetch_listing(
                connection,
                likely,
                lambda some: find_cards(some, KeysetPosition(), SUGGESTED, language),
                KeysetPosition(),
            )
            performers = [card_of(row) for row in cards]
            _, titles = fetch_listing(connection, likely, _find_titles, KeysetPosition())
            services = [SuggestedService(row.id, row.title, row.performer_id) for row in titles]
        return Suggestions(categories, performers, services)

    def count_facets(self, search: Search, language: str) -> Facets:
        # In two queries; `q` costs one more.
        with read_connection(self.session) as connection:
            words = None if search.q is None else expand_query(connection, search.q, language)
            what = wanted(search, words, self._clock.now(), self._market_hours)
            try:
                cities = _cities(connection, replace(what, city_id=None))
                if not cities and (went := find_merged(connection, what.category_id)) is not None:
                    cities = _cities(connection, replace(what, city_id=None, category_id=went))
                categories = _categories(connection, replace(what, category_id=None), language)
            except StatementTimeout:
                raise SearchTooBroad from None
            return Facets(categories, cities)


def _find_titles(likely: ListingQuery) -> PageStatement:
    found = build_page(SERVICES, likely, KeysetPosition(), SUGGESTED)
    sql = (
        f"SELECT s.id, s.title, s.performer_id FROM ({found.sql}) AS found"  # noqa: S608 - constants of the code
        " JOIN service s ON s.id = found.id ORDER BY found.tier DESC, found.score DESC, found.id DESC"
    )
    return replace(found, sql=sql)


def _categories(connection: Connection, what: ListingQuery, language: str) -> list[CategoryCount]:
    source, parameters = count_sql(PERFORMERS, what)
    if what == ListingQuery(sort=what.sort, city_id=what.city_id):
        # With no filter but the city, the table by category is counted from an index.
        source = f"{PERFORMERS.by_category} AS l" + (" WHERE l.city_id = %(city_id)s" if what.city_id else "")
        column = "l.category_id"
    else:
        column = "unnest(l.category_ids)"
    rows = fetch_all(
        connection,
        f"SELECT k.id, k.slug, {_NAME}, counted.count"  # noqa: S608 - constants of the code
        f" FROM (SELECT {column} AS id, count(*) FROM {source} GROUP BY 1) AS counted"
        " JOIN category k ON k.id = counted.id WHERE k.is_active ORDER BY counted.count DESC, k.id",
        parameters | {"language": language},
        milliseconds=_time_for(what),
    )
    return [CategoryCount(*row) for row in rows]


def _time_for(what: ListingQuery) -> int | None:
    return None if what.words is None else SEARCH_MS


def _cities(connection: Connection, what: ListingQuery) -> list[CityCount]:
    source, parameters = count_sql(PERFORMERS, what)
    values: dict[str, Any] = parameters | {"most": MOST_CITIES}
    rows = fetch_all(
        connection,
        "SELECT c.id, c.name, c.country_code, counted.count"  # noqa: S608 - constants of the code
        f" FROM (SELECT l.city_id AS id, count(*) FROM {source} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s)"
        " AS counted JOIN city c ON c.id = counted.id ORDER BY counted.count DESC, c.id",
        values,
        milliseconds=_time_for(what),
    )
    return [CityCount(*row) for row in rows]
