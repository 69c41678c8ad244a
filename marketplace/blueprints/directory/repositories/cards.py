"""The statements of lists of performers: filters, orders, and the content of a card."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from marketplace.blueprints.directory.ports import Search
from marketplace.database.free_time import free_span
from marketplace.database.geography import metres_sql
from marketplace.database.json_sql import (
    json_bool,
    json_float,
    json_list,
    json_moment,
    json_object,
    json_string,
)
from marketplace.database.keyset import KeysetPosition, PageStatement
from marketplace.database.lexicon import SearchTerms
from marketplace.database.listings import PERFORMERS, ListingQuery, build_page
from marketplace.kernel.json_text import JsonText
from marketplace.kernel.media import MEDIA_PATH
from marketplace.kernel.ratings import MIN_REVIEWS
from marketplace.kernel.week import Spans

_SHOWN_RATING = f"CASE WHEN l.rating_count >= {MIN_REVIEWS} THEN l.rating_sum::float8 / l.rating_count END"
_CATEGORIES = """
    FROM performer_category pc
    CROSS JOIN LATERAL (SELECT * FROM category WHERE id = pc.category_id OFFSET 0) AS k
    WHERE pc.performer_id = found.id AND k.is_active"""
"""The categories of a card. With a plain join, the whole tree would be read for each card: it is so small
that the planner takes that for cheaper than two index look-ups.
"""


def _card(metres: str = "NULL::bigint") -> str:
    """A card as the schema `PerformerCard` shows it, in JSON; `shown_average` is its rating."""
    return json_object(
        {
            "id": "found.id",
            "user": {
                "id": "p.user_id",
                "first_name": json_string("u.first_name"),
                "last_name": json_string("left(u.last_name, 1)"),
                "avatar_url": json_string(f"'{MEDIA_PATH}' || u.avatar_key"),
            },
            "headline": json_string("p.headline"),
            "city": {
                "id": "l.city_id",
                "name": json_string("c.name"),
                "country_code": json_string("c.country_code"),
            },
            "verified": json_bool("l.verified"),
            "rating": json_float(_SHOWN_RATING, 2),
            "rating_count": "l.rating_count",
            "price_from": json_object(
                {"amount": "l.price", "currency": json_string("l.currency")}, unless="l.currency IS NULL"
            ),
            "distance_km": json_float(f"{metres} / 1000::float8", 1),
            "created_at": json_moment("l.created_at"),
            "categories": json_list(
                {
                    "id": "k.id",
                    "slug": json_string("k.slug"),
                    "name": json_string("coalesce(k.names ->> %(language)s, k.names ->> 'en')"),
                },
                _CATEGORIES,
                "k.id",
            ),
        }
    )


_CARD, _CARD_WITH_DISTANCE = _card(), _card(metres_sql("c.latitude", "c.longitude"))


def wanted(search: Search, words: SearchTerms | None, now: datetime, market_hours: Spans) -> ListingQuery:
    """`search` in the form of the listings; its `q` has become `words`."""
    return ListingQuery(
        sort=search.sort,
        city_id=search.city_id,
        category_id=search.category_id,
        words=words,
        verified=search.verified,
        # In hundredths, to avoid rounding errors: 4.35 stays 4.35.
        min_rating=None if search.min_rating is None else round(search.min_rating * 100),
        min_rating_count=MIN_REVIEWS,
        max_price=search.max_price,
        currency=search.currency,
        near=search.near,
        radius_km=search.radius_km,
        free=free_span(search.available_from, search.available_to, now, market_hours),
    )


def find_cards(
    what: ListingQuery, place: KeysetPosition, rows: int, language: str, offset: int = 0
) -> PageStatement:
    """Cards and the columns of their position, ordered: one statement."""
    return cards_of(build_page(PERFORMERS, what, place, rows, offset), language, what.near)


def cards_of(found: PageStatement, language: str, near: tuple[float, float] | None = None) -> PageStatement:
    """Cards of the performers that `found` gives, in its order."""
    parameters = found.parameters | {"language": language}
    card = _CARD
    if near is not None:
        card = _CARD_WITH_DISTANCE
        parameters |= {"latitude": near[0], "longitude": near[1]}
    keys = ", ".join(f"found.{key} AS key_{number}" for number, key in enumerate(found.keys))
    order = ", ".join(f"found.{part}" for part in found.order.split(", "))
    sql = f"""
        SELECT {card} AS card, {keys}
        FROM ({found.sql}) AS found
        JOIN performer_listing AS l ON l.performer_id = found.id
        JOIN performer AS p ON p.id = found.id
        JOIN "user" AS u ON u.id = p.user_id
        JOIN city AS c ON c.id = l.city_id
        ORDER BY {order}"""  # noqa: S608 - constants of the code
    columns = tuple(f"key_{number}" for number in range(len(found.keys)))
    return replace(found, sql=sql, parameters=parameters, keys=columns)


def marked_by(user_id: int, place: KeysetPosition, rows: int) -> PageStatement:
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
    return PageStatement(sql, parameters, ("marked_at", "id"), f"marked_at {direction}, id {direction}")


def card_of(row: Row[Any]) -> JsonText:
    """The card in a row of `cards_of`."""
    return JsonText(row.card)
