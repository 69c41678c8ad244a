"""The statement behind the public list of performers: filters, orders, and what a card shows."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    SQLColumnExpression,
    any_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.blueprints.performers import policies
from marketplace.blueprints.performers.ports import Search
from marketplace.blueprints.performers.repositories.geography import in_box, metres_between
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, City, Service
from marketplace.models.performers import Performer, PerformerCategory

VISIBLE = (Performer.active, Performer.status == policies.APPROVED, User.is_active, User.deleted_at.is_(None))
"""What makes a performer public; the statement must join the user."""

_NO_PRICE = 2**63 - 1
_SCORE_STEPS = 1_000_000

INITIAL = func.left(User.last_name, 1)
_PUBLIC_NAME = User.first_name + " " + INITIAL
OFFERED = (
    Service.is_active,
    Service.deleted_at.is_(None),
    Service.hidden_at.is_(None),
    Category.is_active,
)
"""What makes a service of a public performer public; the statement must join its category."""
_CHEAPEST = (
    select(Service.price_amount.label("amount"), Service.price_currency.label("currency"))
    .join(Category, Category.id == Service.category_id)
    .where(
        Service.performer_id == Performer.id,
        *OFFERED,
        Service.price_amount.is_not(None),
    )
    .order_by(Service.price_amount, Service.id)
    .limit(1)
    .correlate(Performer)
    .lateral("cheapest")
)
_ALL_CHEAPEST = (
    select(
        Service.performer_id,
        Service.price_amount.label("amount"),
        Service.price_currency.label("currency"),
    )
    .ext(distinct_on(Service.performer_id))
    .join(Category, Category.id == Service.category_id)
    .where(*OFFERED, Service.price_amount.is_not(None))
    .order_by(Service.performer_id, Service.price_amount, Service.id)
    .subquery("all_cheapest")
)
"""`_CHEAPEST` of all at once: sorting everybody by it would ask for each performer in turn."""
_SCORE: ColumnElement[int] = (
    (Performer.rating_sum + policies.PRIOR_REVIEWS * policies.PRIOR_RATING)
    * _SCORE_STEPS
    // (Performer.rating_count + policies.PRIOR_REVIEWS)
)
"""The prior-weighted mean in millionths of a star: whole numbers make exact sort keys."""


def card_statement(search: Search) -> Select[Any]:
    """The columns of cards, in the order that `search` wants; keyset pages are cut from it."""
    distance: ColumnElement[Any] = (
        null() if search.near is None else metres_between(City.latitude, City.longitude, search.near)
    )
    cheapest = _ALL_CHEAPEST if _is_priced_for_all(search) else _CHEAPEST
    key, ascending = _sort_key(search, distance, cheapest.c.amount)
    key = key.label("sort_key")
    return (
        select(
            Performer.id,
            Performer.user_id,
            User.first_name,
            INITIAL.label("initial"),
            User.avatar_key,
            Performer.headline,
            Performer.city_id,
            City.name.label("city_name"),
            City.country_code,
            Performer.verified,
            Performer.rating_count,
            Performer.rating_sum,
            Performer.created_at,
            cheapest.c.amount,
            cheapest.c.currency,
            distance.label("distance"),
            key,
        )
        .join(User, User.id == Performer.user_id)
        .join(City, City.id == Performer.city_id)
        .outerjoin(
            cheapest, _ALL_CHEAPEST.c.performer_id == Performer.id if cheapest is _ALL_CHEAPEST else true()
        )
        .where(*VISIBLE, *_filters(search, cheapest.c.amount))
        .order_by(
            key.asc() if ascending else key.desc(), Performer.id.asc() if ascending else Performer.id.desc()
        )
    )


def _is_priced_for_all(search: Search) -> bool:
    """Whether the sort by price looks at so many that all prices at once are cheaper than one by one."""
    return search.sort == "price" and search.city_id is None and search.category_id is None


def _sort_key(
    search: Search, distance: ColumnElement[Any], price: ColumnElement[Any]
) -> tuple[SQLColumnExpression[Any], bool]:
    """What the list is ordered by, before the id, and whether that rises. Never NULL."""
    if search.sort == "rating":
        return _SCORE, False
    if search.sort == "price":
        return func.coalesce(price, literal(_NO_PRICE, BigInteger)), True
    if search.sort == "distance":
        return distance, True
    if search.sort == "relevance":
        # Whoever is asked for by name or trade comes before those who mention it; among equals, by rating.
        pattern = _pattern(search.q or "")
        field = case(
            (_PUBLIC_NAME.ilike(pattern, escape="\\"), 2),
            (Performer.headline.ilike(pattern, escape="\\"), 1),
            else_=0,
        )
        return field * (10 * _SCORE_STEPS) + _SCORE, False
    return Performer.created_at, False


def _filters(search: Search, price: ColumnElement[Any]) -> Iterable[ColumnElement[bool]]:
    if search.city_id is not None:
        yield Performer.city_id == search.city_id
    if search.category_id is not None:
        # An array, which is made once: joined to the tree, each performer would be looked up in it.
        wanted = func.array(_with_descendants(search.category_id).scalar_subquery())
        yield (
            select(PerformerCategory.performer_id)
            .where(
                PerformerCategory.performer_id == Performer.id,
                PerformerCategory.category_id == any_(wanted),
            )
            .exists()
        )
    if search.q is not None:
        yield any_contains(search.q, Performer.headline, Performer.about, _PUBLIC_NAME)
    if search.verified is not None:
        yield Performer.verified.is_(search.verified)
    if search.min_rating is not None:
        # In hundredths, so that 4.35 is 4.35.
        yield Performer.rating_count >= policies.MIN_SHOWN_REVIEWS
        yield Performer.rating_sum * 100 >= Performer.rating_count * round(search.min_rating * 100)
    if search.max_price is not None:
        yield price <= search.max_price
    if search.near is not None and search.radius_km is not None:
        yield in_box(City.latitude, City.longitude, search.near, search.radius_km)
        yield metres_between(City.latitude, City.longitude, search.near) <= round(search.radius_km * 1_000)


def _with_descendants(category_id: int) -> Select[tuple[int]]:
    tree = select(Category.id).where(Category.id == category_id).cte("tree", recursive=True)
    # UNION, not UNION ALL: a circle in the tree would end too.
    tree = tree.union(select(Category.id).join(tree, Category.parent_id == tree.c.id))
    return select(tree.c.id)


def any_contains(q: str, *columns: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether `q` is in any of the columns, in whatever case."""
    pattern = _pattern(q)
    return or_(*(column.ilike(pattern, escape="\\") for column in columns))


def _pattern(q: str) -> str:
    """`q` anywhere, with the wildcards of LIKE taken literally."""
    escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
