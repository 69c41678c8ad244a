"""The statement behind the public list of performers: filters, orders, and what a card shows."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row

from marketplace.blueprints.performers import policies
from marketplace.blueprints.performers.ports import Card, CategoryView, CityView, Person, Search
from marketplace.database.geography import metres_sql
from marketplace.database.listings import PERFORMERS, Wanted, find, span
from marketplace.database.seeking import Found, Place
from marketplace.database.wording import Words
from marketplace.kernel.media import media_url
from marketplace.kernel.money import Money

CATEGORIES = """(
    SELECT json_agg(json_build_object(
        'id', k.id, 'slug', k.slug, 'name', coalesce(k.names ->> %(language)s, k.names ->> 'en')
    ) ORDER BY k.id)::text
    FROM performer_category pc
    CROSS JOIN LATERAL (SELECT * FROM category WHERE id = pc.category_id OFFSET 0) AS k
    WHERE pc.performer_id = found.id AND k.is_active
)"""
"""The categories of a card, as JSON. Joined plainly, the whole tree would be read for each card: it is so
small that the planner takes that for cheaper than two looks into an index."""


def wanted(search: Search, words: Words | None, now: datetime) -> Wanted:
    """`search` as the listings understand it; its `q` has become `words`."""
    return Wanted(
        sort=search.sort,
        city_id=search.city_id,
        category_id=search.category_id,
        words=words,
        verified=search.verified,
        # In hundredths, so that 4.35 is 4.35.
        min_rating=None if search.min_rating is None else round(search.min_rating * 100),
        min_rating_count=policies.MIN_SHOWN_REVIEWS,
        max_price=search.max_price,
        currency=search.currency,
        near=search.near,
        radius_km=search.radius_km,
        free=span(search.available_from, search.available_to, now),
    )


def find_cards(what: Wanted, place: Place, rows: int, language: str, offset: int = 0) -> Found:
    """The columns of cards and of their position, ordered: one statement."""
    return cards_of(find(PERFORMERS, what, place, rows, offset), language, what.near)


def cards_of(found: Found, language: str, near: tuple[float, float] | None = None) -> Found:
    """Cards of the performers that `found` gives, in its order."""
    parameters = found.parameters | {"language": language}
    metres = "NULL::bigint"
    if near is not None:
        metres = metres_sql("c.latitude", "c.longitude")
        parameters |= {"latitude": near[0], "longitude": near[1]}
    keys = ", ".join(f"found.{key} AS key_{number}" for number, key in enumerate(found.keys))
    order = ", ".join(f"found.{part}" for part in found.order.split(", "))
    sql = f"""
        SELECT found.id, p.user_id, u.first_name, left(u.last_name, 1) AS initial, u.avatar_key, p.headline,
               l.city_id, c.name AS city_name, c.country_code, l.verified, l.rating_count, l.rating_sum,
               l.created_at, l.price, l.currency, {metres} AS distance, {CATEGORIES} AS categories, {keys}
        FROM ({found.sql}) AS found
        JOIN performer_listing AS l ON l.performer_id = found.id
        JOIN performer AS p ON p.id = found.id
        JOIN "user" AS u ON u.id = p.user_id
        JOIN city AS c ON c.id = l.city_id
        ORDER BY {order}"""  # noqa: S608 - constants of the code
    columns = tuple(f"key_{number}" for number in range(len(found.keys)))
    return replace(found, sql=sql, parameters=parameters, keys=columns)


def marked_by(user_id: int, place: Place, rows: int) -> Found:
    """Public performers whom the user has marked, the last one first."""
    direction, beyond = ("ASC", ">") if place.backwards else ("DESC", "<")
    parameters: dict[str, Any] = {"user_id": user_id, "rows": rows}
    behind = ""
    if place.key:
        behind = f"AND (f.created_at, f.performer_id) {beyond} (%(key_0)s::timestamptz, %(key_1)s::bigint)"
        parameters |= {"key_0": place.key[0], "key_1": place.key[1]}
    sql = f"""
        SELECT f.performer_id AS id, f.created_at AS marked_at
        FROM favourite f JOIN performer_listing l ON l.performer_id = f.performer_id
        WHERE f.user_id = %(user_id)s {behind}
        ORDER BY f.created_at {direction}, f.performer_id {direction} LIMIT %(rows)s"""  # noqa: S608 - constants
    return Found(sql, parameters, ("marked_at", "id"), f"marked_at {direction}, id {direction}")


def card(row: Row[Any]) -> Card:
    """A row of `cards_of`."""
    price = None if row.currency is None else Money(row.price, row.currency)
    created_at: datetime = row.created_at
    return Card(
        id=row.id,
        user=Person(row.user_id, row.first_name, row.initial, media_url(row.avatar_key)),
        headline=row.headline,
        city=CityView(row.city_id, row.city_name, row.country_code),
        categories=[CategoryView(**item) for item in orjson.loads(row.categories or "[]")],
        verified=row.verified,
        rating=policies.shown_rating(row.rating_count, row.rating_sum),
        rating_count=row.rating_count,
        price_from=price,
        distance_km=None if row.distance is None else round(row.distance / 1_000, 1),
        created_at=created_at,
    )
