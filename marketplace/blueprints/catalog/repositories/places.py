"""The SQL of cities."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, case, cast, func, literal, select

from marketplace.blueprints.catalog.errors import CityInUse
from marketplace.blueprints.catalog.repositories.base import CatalogRepository, Filters, only
from marketplace.blueprints.catalog.views import CityView
from marketplace.database.patience import search_time
from marketplace.kernel.cursors import InvalidCursor
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import City

SIMILAR = "0.4"
"""How much of the trigrams of what was typed a name must have (pg_trgm's word similarity): enough for two
letters of a word of six that changed places.
"""

AROUND_M = 100_000
AROUND_DEGREES = 1.0
"""Of latitude; 111 km, so that nothing within AROUND_M is left out."""

EARTH_DIAMETER_M = 12_742_017.6
"""Twice the mean radius of the IUGG, in metres."""


class SqlCityRepository(CatalogRepository):
    """Cities."""

    def search(self, page: PageRequest, filters: Filters) -> Page[CityView]:
        """Active cities. With `q`, those that have it in a name: the whole name, then those that begin with
        it, then the others; where there are none, those that are written much like it. Among equals the
        nearest first with `near`, else the largest.
        """
        if filters.get("q") is None:
            return self._nearest(page, filters)
        names = literal("\n") + City.folded_names + literal("\n")
        begun = literal("\n") + func.text_fold(filters["q"])
        rank = case(
            (func.strpos(names, begun + literal("\n")) > 0, 0),
            (func.strpos(names, begun) > 0, 1),
            else_=2,
        )
        written = City.folded_names.like(func.text_pattern(filters["q"]))
        cursor = page.after if page.after is not None else page.before
        try:
            found = self._search("cities", page, filters, [rank.asc()], written)
        except InvalidCursor:
            if cursor is None:
                raise
        else:
            if found.items or cursor is not None:
                return found
        return self._search_similar(page, filters)

    def _nearest(self, page: PageRequest, filters: Filters) -> Page[CityView]:
        near = filters.get("near")
        if near is not None and page.before is None:
            # Most callers have enough cities around: what fills the page there are the first of all.
            around = City.latitude.between(near[0] - AROUND_DEGREES, near[0] + AROUND_DEGREES)
            close = distance_m(*near) <= AROUND_M
            found = self._search("cities", page, filters, [], around, close)
            if found.next is not None:
                return found
        return self._search("cities", page, filters, [])

    def _search_similar(self, page: PageRequest, filters: Filters) -> Page[CityView]:
        """Cities with a name that is written much like `q`; a list of its own, with its own cursors."""
        self.session.execute(
            select(func.set_config("pg_trgm.word_similarity_threshold", SIMILAR, literal(True)))
        )
        text: ColumnElement[str] = func.text_fold(filters["q"])
        main = func.greatest(
            func.similarity(text, func.text_fold(City.name)),
            func.similarity(text, func.text_fold(City.ascii_name)),
        )
        # Like any of its names, better like the main one, and rather a large city. Whole, so that cursors
        # compare exactly.
        score = cast(
            func.round(
                1_000 * (func.strict_word_similarity(text, City.folded_names) + main)
                + 150 * func.log(City.population + 10)
            ),
            BigInteger,
        )
        similar = text.bool_op("<%")(City.folded_names)
        return self._search("cities.similar", page, filters, [score.desc()], similar)

    def _search(
        self,
        name: str,
        page: PageRequest,
        filters: Filters,
        order: Sequence[ColumnElement[Any]],
        *conditions: ColumnElement[bool],
    ) -> Page[CityView]:
        statement = select(
            City.id, City.name, City.country_code, City.latitude, City.longitude, City.timezone
        ).where(City.is_active, *conditions)
        if filters.get("country") is not None:
            statement = statement.where(City.country_code == filters["country"])
        if filters.get("near") is not None:
            last: ColumnElement[Any] = distance_m(*filters["near"]).asc()
        else:
            last = City.population.desc()
        with search_time(self.session, filters.get("q")):
            found = self.page(name, statement.order_by(*order, last, City.id.asc()), page, filters)
        return Page([CityView(*row) for row in found.items], found.next, found.previous)

    def find_timezone(self, city_id: int) -> str | None:
        """Of an active city."""
        return self.session.scalar(select(City.timezone).where(City.id == city_id, City.is_active))

    def list_all(self, page: PageRequest, filters: Filters) -> Page[City]:
        """For staff, inactive ones too."""
        statement = select(City).order_by(City.id)
        if filters.get("country") is not None:
            statement = statement.where(City.country_code == filters["country"])
        if filters.get("is_active") is not None:
            statement = statement.where(City.is_active.is_(filters["is_active"]))
        if filters.get("q") is not None:
            statement = statement.where(City.folded_names.like(func.text_pattern(filters["q"])))
        with search_time(self.session, filters.get("q")):
            return only(self.page("admin.cities", statement, page, filters))

    def get(self, city_id: int, *, lock: bool = False) -> City:
        """Raises NotFound."""
        found = self.one(City, city_id, lock=lock)
        assert isinstance(found, City)
        return found

    def add(self, city: City) -> None:
        """Raises CityExists at the end of the unit of work."""
        self.insert(city)

    def delete(self, city: City) -> None:
        """Raises CityInUse."""
        self.remove(city, CityInUse)


def distance_m(latitude: float, longitude: float) -> ColumnElement[int]:
    """Metres from the point to a city by the haversine formula; whole, so that cursors compare exactly."""
    here = func.radians(literal(latitude, Float))
    there = func.radians(City.latitude)
    half = func.power(func.sin((there - here) / 2), 2) + func.cos(here) * func.cos(there) * func.power(
        func.sin(func.radians(City.longitude - literal(longitude, Float)) / 2), 2
    )
    return cast(func.round(EARTH_DIAMETER_M * func.asin(func.sqrt(func.least(1.0, half)))), BigInteger)
