"""The SQL of what is told beside the list: suggestions for who types, and how a search spreads."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from marketplace.blueprints.performers.ports import (
    CategoryCount,
    CategoryView,
    CityCount,
    Facets,
    Search,
    SuggestedService,
    Suggestions,
)
from marketplace.blueprints.performers.repositories.searching import card, find_cards, wanted
from marketplace.database.listings import (
    PERFORMERS,
    SERVICES,
    Wanted,
    count_sql,
    fetch_found,
    find,
    successor,
)
from marketplace.database.patience import SEARCH_MS, OutOfTime, SearchTooBroad
from marketplace.database.reading import read, reading
from marketplace.database.repository import SqlRepository
from marketplace.database.seeking import Found, Place
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.database.wording import understand
from marketplace.kernel.clock import Clock

SUGGESTED = 5
"""Of each kind."""
MOST_CITIES = 50

_NAME = "coalesce(k.names ->> %(language)s, k.names ->> 'en')"
# Somebody types the beginning of a word of the name, in whatever language, perhaps wrongly.
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


class SqlSuggestions(SqlRepository):
    """Beside the list of performers."""

    def __init__(self, uow: SqlUnitOfWork, clock: Clock) -> None:
        super().__init__(uow)
        self._clock = clock

    def suggest(self, q: str, city_id: int | None, language: str) -> Suggestions:
        """In four queries."""
        with reading(self.session) as connection:
            words = understand(connection, q, language)
            rows = read(
                connection,
                _ASKED + _CATEGORIES.replace("FROM category k", "FROM asked CROSS JOIN category k"),
                {"q": q, "language": language},
            )
            categories = [CategoryView(*row) for row in rows]
            likely = Wanted(sort="relevance", city_id=city_id, words=words)
            _, cards = fetch_found(
                connection, likely, lambda some: find_cards(some, Place(), SUGGESTED, language), Place()
            )
            performers = [card(row) for row in cards]
            _, titles = fetch_found(connection, likely, _find_titles, Place())
            services = [SuggestedService(row.id, row.title, row.performer_id) for row in titles]
        return Suggestions(categories, performers, services)

    def count_facets(self, search: Search, language: str) -> Facets:
        """In two queries; `q` costs one more. Raises SearchTooBroad: half of a count is none."""
        with reading(self.session) as connection:
            words = None if search.q is None else understand(connection, search.q, language)
            what = wanted(search, words, self._clock.now())
            try:
                cities = _cities(connection, replace(what, city_id=None))
                if not cities and (went := successor(connection, what.category_id)) is not None:
                    cities = _cities(connection, replace(what, city_id=None, category_id=went))
                categories = _categories(connection, replace(what, category_id=None), language)
            except OutOfTime:
                raise SearchTooBroad from None
            return Facets(categories, cities)


def _find_titles(likely: Wanted) -> Found:
    found = find(SERVICES, likely, Place(), SUGGESTED)
    sql = (
        f"SELECT s.id, s.title, s.performer_id FROM ({found.sql}) AS found"  # noqa: S608 - constants of the code
        " JOIN service s ON s.id = found.id ORDER BY found.tier DESC, found.score DESC, found.id DESC"
    )
    return replace(found, sql=sql)


def _categories(connection: Connection, what: Wanted, language: str) -> list[CategoryCount]:
    source, parameters = count_sql(PERFORMERS, what)
    if what == Wanted(sort=what.sort, city_id=what.city_id):
        # Nothing but the city: the table by category is counted from an index.
        source = f"{PERFORMERS.by_category} AS l" + (" WHERE l.city_id = %(city_id)s" if what.city_id else "")
        column = "l.category_id"
    else:
        column = "unnest(l.category_ids)"
    rows = read(
        connection,
        f"SELECT k.id, k.slug, {_NAME}, counted.count"  # noqa: S608 - constants of the code
        f" FROM (SELECT {column} AS id, count(*) FROM {source} GROUP BY 1) AS counted"
        " JOIN category k ON k.id = counted.id WHERE k.is_active ORDER BY counted.count DESC, k.id",
        parameters | {"language": language},
        milliseconds=_time_for(what),
    )
    return [CategoryCount(*row) for row in rows]


def _time_for(what: Wanted) -> int | None:
    return None if what.words is None else SEARCH_MS


def _cities(connection: Connection, what: Wanted) -> list[CityCount]:
    source, parameters = count_sql(PERFORMERS, what)
    values: dict[str, Any] = parameters | {"most": MOST_CITIES}
    rows = read(
        connection,
        "SELECT c.id, c.name, c.country_code, counted.count"  # noqa: S608 - constants of the code
        f" FROM (SELECT l.city_id AS id, count(*) FROM {source} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s)"
        " AS counted JOIN city c ON c.id = counted.id ORDER BY counted.count DESC, c.id",
        values,
        milliseconds=_time_for(what),
    )
    return [CityCount(*row) for row in rows]
