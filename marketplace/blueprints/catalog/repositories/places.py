"""The SQL of cities."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, case, cast, func, literal, select

from marketplace.blueprints.catalog.errors import CityInUse
from marketplace.blueprints.catalog.repositories.base import CatalogRepository, Filters, only
from marketplace.blueprints.catalog.views import CityView
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import City

EARTH_DIAMETER_M = 12_742_017.6
"""Twice the mean radius of the IUGG, in metres."""


class SqlCityRepository(CatalogRepository):
    """Cities."""

    def search(self, page: PageRequest, filters: Filters) -> Page[CityView]:
        """Active cities; the nearest first with `near`, else names that begin with `q`, else the largest."""
        statement = select(
            City.id, City.name, City.country_code, City.latitude, City.longitude, City.timezone
        ).where(City.is_active)
        order: list[ColumnElement[Any]] = [City.population.desc(), City.id.asc()]
        if filters.get("country") is not None:
            statement = statement.where(City.country_code == filters["country"])
        if filters.get("q") is not None:
            text = filters["q"].lower()
            statement = statement.where(City.search_names.contains(text, autoescape=True))
            begins = (literal("\n") + City.search_names).contains("\n" + text, autoescape=True)
            order.insert(0, case((begins, 0), else_=1).asc())
        if filters.get("near") is not None:
            order = [distance_m(*filters["near"]).asc(), City.id.asc()]
        found = self.page("cities", statement.order_by(*order), page, filters)
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
            statement = statement.where(City.search_names.contains(filters["q"].lower(), autoescape=True))
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
