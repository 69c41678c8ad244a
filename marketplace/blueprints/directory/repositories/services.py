"""The SQL of the public list of services."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from marketplace.blueprints.directory.ports import FoundService, ServiceDirectory, ServiceSearch
from marketplace.blueprints.offers.contracts import ServicePerformer
from marketplace.database.free_time import free_span
from marketplace.database.geography import metres_sql
from marketplace.database.keyset import KeysetPage, PageStatement
from marketplace.database.lexicon import SearchTerms, expand_query
from marketplace.database.listings import (
    SERVICES,
    ListingQuery,
    build_page,
    fetch_listing,
    find_merged,
)
from marketplace.database.prepared import read_connection
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.clock import Clock
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.media import media_url
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.ratings import MIN_REVIEWS, shown_average
from marketplace.kernel.week import Spans


class SqlServiceDirectory(SqlRepository, ServiceDirectory):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner, clock: Clock, market_hours: Spans) -> None:
        super().__init__(uow)
        self._signer = signer
        self._clock = clock
        self._market_hours = market_hours

    def list_services(self, search: ServiceSearch, page: PageRequest, language: str) -> Page[FoundService]:
        # In one query; `q` costs one more.
        keyset = KeysetPage(page, self._signer, name="services", filters=vars(search))
        with read_connection(self.session) as connection:
            words = None if search.q is None else expand_query(connection, search.q, language)
            query = _query(search, words, self._clock.now(), self._market_hours)

            def make(some: ListingQuery) -> PageStatement:
                return _cards_of(build_page(SERVICES, some, keyset.position, keyset.rows), some.near)

            found, rows = fetch_listing(connection, query, make, keyset.position)
            if not rows and (went := find_merged(connection, query.category_id)) is not None:
                found, rows = fetch_listing(
                    connection, replace(query, category_id=went), make, keyset.position
                )
        cut = keyset.cut(rows, found.keys)
        return Page([_found(row) for row in cut.items], cut.next, cut.previous)


def _found(row: Row[Any]) -> FoundService:
    return FoundService(
        id=row.id,
        version=row.version,
        category_id=row.category_id,
        title=row.title,
        description=row.description,
        pricing=row.pricing,
        price=None if row.price_amount is None else Money(row.price_amount, row.price_currency),
        duration_minutes=row.duration_minutes,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
        performer=ServicePerformer(
            id=row.performer_id,
            first_name=row.first_name,
            last_name=row.initial,
            avatar_url=media_url(row.avatar_key),
            city_id=row.city_id,
            verified=row.verified,
            rating=shown_average(row.rating_count, row.rating_sum),
            rating_count=row.rating_count,
        ),
        distance_km=None if row.distance is None else round(row.distance / 1_000, 1),
    )


def _query(
    search: ServiceSearch, words: SearchTerms | None, now: datetime, market_hours: Spans
) -> ListingQuery:
    min_rating = search.min_rating
    return ListingQuery(
        sort=search.sort,
        city_id=search.city_id,
        category_id=search.category_id,
        performer_id=search.performer_id,
        words=words,
        verified=search.verified,
        min_rating=None if min_rating is None else round(min_rating * 100),
        min_rating_count=MIN_REVIEWS,
        max_price=search.max_price,
        currency=search.currency,
        near=search.near,
        radius_km=search.radius_km,
        free=free_span(search.available_from, search.available_to, now, market_hours),
    )


def _cards_of(found: PageStatement, near: tuple[float, float] | None) -> PageStatement:
    """The columns of `_found` for the services that `found` gives, in its order."""
    parameters, metres, city = found.parameters, "NULL::bigint", ""
    if near is not None:
        metres, city = metres_sql("c.latitude", "c.longitude"), "JOIN city AS c ON c.id = l.city_id"
        parameters = parameters | {"latitude": near[0], "longitude": near[1]}
    keys = ", ".join(f"found.{key} AS key_{number}" for number, key in enumerate(found.keys))
    order = ", ".join(f"found.{part}" for part in found.order.split(", "))
    sql = f"""
        SELECT s.id, s.version, s.performer_id, s.category_id, s.title, s.description, s.pricing,
               s.price_amount, s.price_currency, s.duration_minutes, s.is_active, s.created_at, s.updated_at,
               u.first_name, left(u.last_name, 1) AS initial, u.avatar_key, l.city_id, l.verified,
               l.rating_count, l.rating_sum, {metres} AS distance, {keys}
        FROM ({found.sql}) AS found
        JOIN service_listing AS l ON l.service_id = found.id
        JOIN service AS s ON s.id = found.id
        JOIN performer AS p ON p.id = s.performer_id
        JOIN "user" AS u ON u.id = p.user_id
        {city}
        ORDER BY {order}"""  # noqa: S608 - constants of the code
    columns = tuple(f"key_{number}" for number in range(len(found.keys)))
    return replace(found, sql=sql, parameters=parameters, keys=columns)
