"""Loads the shipped data into PostgreSQL: COPY into temporary tables, then one statement each."""

from collections.abc import Iterable

from sqlalchemy import CursorResult, TextClause, func, select, text
from sqlalchemy.dialects.postgresql import insert

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.ports.reference import CategoryRecord, CityRecord, ReferenceStore
from marketplace.blueprints.catalog.repositories.categories import TREE
from marketplace.database.copying import copy_rows
from marketplace.database.repository import SqlRepository
from marketplace.models.catalog import ReferenceData

NAME = "catalog"

_CITY_COLUMNS = (
    "id",
    "name",
    "ascii_name",
    "country_code",
    "admin1",
    "latitude",
    "longitude",
    "timezone",
    "population",
    "alternate_names",
    "search_names",
)

_CITIES = text(
    f"""
    INSERT INTO city AS kept ({", ".join(_CITY_COLUMNS)})
    SELECT {", ".join(_CITY_COLUMNS)} FROM shipped_city
    ON CONFLICT (id) DO UPDATE
    SET ({", ".join(_CITY_COLUMNS[1:])}) = ROW({", ".join(f"excluded.{name}" for name in _CITY_COLUMNS[1:])})
    WHERE kept.version = 1
    AND ({", ".join(f"kept.{name}" for name in _CITY_COLUMNS[1:])})
        IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _CITY_COLUMNS[1:])})
    """  # noqa: S608 - the names are the constants above
)

_CATEGORIES = text(
    """
    INSERT INTO category AS kept (slug, names, position)
    SELECT slug, names, position FROM shipped_category ORDER BY number
    ON CONFLICT (slug) DO UPDATE SET names = excluded.names, position = excluded.position
    WHERE kept.version = 1
    AND (kept.names, kept.position) IS DISTINCT FROM (excluded.names, excluded.position)
    """
)

_RETIRED = (
    # A slug that staff removed stays removed; the categories below it follow it, or stay away too.
    text("DELETE FROM shipped_category AS shipped USING category_alias AS old WHERE old.slug = shipped.slug"),
    text(
        """
        DELETE FROM shipped_category AS shipped USING category_alias AS old
        WHERE old.slug = shipped.parent_slug AND old.category_id IS NULL
        """
    ),
    text(
        """
        UPDATE shipped_category AS shipped SET parent_slug = kept.slug
        FROM category_alias AS old JOIN category AS kept ON kept.id = old.category_id
        WHERE old.slug = shipped.parent_slug
        """
    ),
)

_PARENTS = text(
    """
    UPDATE category AS kept SET parent_id = parent.id
    FROM shipped_category AS shipped LEFT JOIN category AS parent ON parent.slug = shipped.parent_slug
    WHERE kept.slug = shipped.slug AND kept.version = 1 AND kept.parent_id IS DISTINCT FROM parent.id
    """
)


class SqlReferenceStore(SqlRepository, ReferenceStore):
    def take_turn(self) -> None:
        self._unlimited()
        self.lock_name("catalog.reference")

    def loaded_version(self) -> str | None:
        return self.session.scalar(select(ReferenceData.version).where(ReferenceData.name == NAME))

    def load_categories(self, categories: Iterable[CategoryRecord]) -> int:
        self.lock_name(TREE)
        self.session.execute(
            text(
                "CREATE TEMPORARY TABLE shipped_category (number bigint, slug text, parent_slug text,"
                " names jsonb, position bigint) ON COMMIT DROP"
            )
        )
        rows = (
            (number, item.slug, item.parent_slug, item.names, item.position)
            for number, item in enumerate(categories)
        )
        copy_rows(
            self.session, "shipped_category", ("number", "slug", "parent_slug", "names", "position"), rows
        )
        for statement in _RETIRED:
            self.session.execute(statement)
        written = self._write(_CATEGORIES)
        self.session.execute(_PARENTS)
        self.session.execute(text("DROP TABLE shipped_category"))
        return written

    def load_cities(self, cities: Iterable[CityRecord]) -> int:
        self.session.execute(
            text("CREATE TEMPORARY TABLE shipped_city (LIKE city INCLUDING DEFAULTS) ON COMMIT DROP")
        )
        rows = (
            (
                city.id,
                city.name,
                city.ascii_name,
                city.country_code,
                city.admin1,
                city.latitude,
                city.longitude,
                city.timezone,
                city.population,
                tuple(city.alternate_names),
                policies.search_names(city.name, city.ascii_name, city.alternate_names),
            )
            for city in cities
        )
        copy_rows(self.session, "shipped_city", _CITY_COLUMNS, rows)
        written = self._write(_CITIES)
        self.session.execute(text("DROP TABLE shipped_city"))
        return written

    def remember(self, version: str) -> None:
        statement = insert(ReferenceData).values(name=NAME, version=version)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[ReferenceData.name], set_={"version": version, "loaded_at": func.now()}
            )
        )

    def _unlimited(self) -> None:
        """Lift the limits for requests, which do not suit a load of 34,000 rows on a small machine, nor a
        caller who waits for it to end.
        """
        self.session.execute(text("SET LOCAL statement_timeout = 0"))
        self.session.execute(text("SET LOCAL lock_timeout = 0"))

    def _write(self, statement: TextClause) -> int:
        result = self.session.execute(statement)
        assert isinstance(result, CursorResult)
        return result.rowcount
