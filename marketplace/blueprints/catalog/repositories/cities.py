"""The SQL of cities."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, case, cast, func, literal, select

from marketplace.blueprints.catalog.errors import CityInUse
from marketplace.blueprints.catalog.ports.cities import CityFilters, CityRepository, CitySearch, CityView
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.rows import delete_row, get_row
from marketplace.database.timeouts import search_timeout
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner, InvalidCursor
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import City

SIMILAR = "0.4"
"""The share of the trigrams of the query that a name must have (pg_trgm's word similarity); it allows two
swapped letters in a word of six.
"""

AROUND_M = 100_000
AROUND_DEGREES = 1.0
"""Degrees of latitude; 111 km, so that nothing within AROUND_M is left out."""

EARTH_DIAMETER_M = 12_742_017.6
"""Twice the mean radius of the IUGG, in metres."""

_VIEW: tuple[Any, ...] = (
    City.id,
    City.name,
    City.country_code,
    City.latitude,
    City.longitude,
    City.timezone,
)


class SqlCityRepository(SqlRepository, CityRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def search(self, page: PageRequest, wanted: CitySearch) -> Page[CityView]:
        if wanted.q is None:
            return self._nearest(page, wanted)
        names = literal("\n") + City.folded_names + literal("\n")
        begun = literal("\n") + func.text_fold(wanted.q)
        rank = case(
            (func.strpos(names, begun + literal("\n")) > 0, 0),
            (func.strpos(names, begun) > 0, 1),
            else_=2,
        )
        written = City.folded_names.like(func.text_pattern(wanted.q))
        cursor = page.after if page.after is not None else page.before
        try:
            found = self._search("cities", page, wanted, [rank.asc()], written)
        except InvalidCursor:
            if cursor is None:
                raise
        else:
            if found.items or cursor is not None:
                return found
        return self._search_similar(page, wanted)

    def _nearest(self, page: PageRequest, wanted: CitySearch) -> Page[CityView]:
        near = wanted.near
        if near is not None and page.before is None:
            # Most callers have enough cities nearby to fill the page, and these are the nearest of all.
            around = City.latitude.between(near[0] - AROUND_DEGREES, near[0] + AROUND_DEGREES)
            close = distance_m(*near) <= AROUND_M
            found = self._search("cities", page, wanted, [], around, close)
            if found.next is not None:
                return found
        return self._search("cities", page, wanted, [])

    def _search_similar(self, page: PageRequest, wanted: CitySearch) -> Page[CityView]:
        """Cities with a name that is similar to `q`; a list of its own, with its own cursors."""
        self.session.execute(
            select(func.set_config("pg_trgm.word_similarity_threshold", SIMILAR, literal(True)))
        )
        text: ColumnElement[str] = func.text_fold(wanted.q)
        main = func.greatest(
            func.similarity(text, func.text_fold(City.name)),
            func.similarity(text, func.text_fold(City.ascii_name)),
        )
        # The score adds the similarity to any of the names, the similarity to the main name, and the size of
        # the city. It is an integer, so that cursors compare exactly.
        score = cast(
            func.round(
                1_000 * (func.strict_word_similarity(text, City.folded_names) + main)
                + 150 * func.log(City.population + 10)
            ),
            BigInteger,
        )
        similar = text.bool_op("<%")(City.folded_names)
        return self._search("cities.similar", page, wanted, [score.desc()], similar)

    def _search(
        self,
        name: str,
        page: PageRequest,
        wanted: CitySearch,
        order: Sequence[ColumnElement[Any]],
        *conditions: ColumnElement[bool],
    ) -> Page[CityView]:
        statement = select(*_VIEW).where(City.is_active, *conditions)
        if wanted.country is not None:
            statement = statement.where(City.country_code == wanted.country)
        if wanted.near is not None:
            last: ColumnElement[Any] = distance_m(*wanted.near).asc()
        else:
            last = City.population.desc()
        with search_timeout(self.session, wanted.q):
            found = fetch_page(
                self.session,
                statement.order_by(*order, last, City.id.asc()),
                page,
                self._signer,
                name=name,
                filters=vars(wanted),
            )
        return Page([CityView(**row._mapping) for row in found.items], found.next, found.previous)

    def exists(self, city_id: int) -> bool:
        return self.session.scalar(select(City.id).where(City.id == city_id, City.is_active)) is not None

    def list_all(self, page: PageRequest, filters: CityFilters) -> Page[City]:
        statement = select(City).order_by(City.id)
        if filters.country is not None:
            statement = statement.where(City.country_code == filters.country)
        if filters.is_active is not None:
            statement = statement.where(City.is_active.is_(filters.is_active))
        if filters.q is not None:
            statement = statement.where(City.folded_names.like(func.text_pattern(filters.q)))
        with search_timeout(self.session, filters.q):
            found = fetch_page(
                self.session, statement, page, self._signer, name="admin.cities", filters=vars(filters)
            )
        return Page([row[0] for row in found.items], found.next, found.previous)

    def get(self, city_id: int, *, lock: bool = False) -> City:
        return get_row(self.session, City, city_id, lock=lock)

    def add(self, city: City) -> None:
        self.session.add(city)
        self.session.flush()

    def delete(self, city: City) -> None:
        delete_row(self.session, city, CityInUse)


def distance_m(latitude: float, longitude: float) -> ColumnElement[int]:
    """Metres from the point to a city by the haversine formula; whole, so that cursors compare exactly."""
    here = func.radians(literal(latitude, Float))
    there = func.radians(City.latitude)
    half = func.power(func.sin((there - here) / 2), 2) + func.cos(here) * func.cos(there) * func.power(
        func.sin(func.radians(City.longitude - literal(longitude, Float)) / 2), 2
    )
    return cast(func.round(EARTH_DIAMETER_M * func.asin(func.sqrt(func.least(1.0, half)))), BigInteger)
