"""The SQL that reads performers: columns, not entities, with the visibility in the statement."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    Row,
    Select,
    cast,
    exists,
    func,
    literal,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.blueprints.performers import policies
from marketplace.blueprints.performers.ports import (
    Card,
    CategoryView,
    CityView,
    FullProfile,
    Histogram,
    PerformerRef,
    Person,
    PublicProfile,
    Search,
    ServiceView,
    StaffPerson,
    StaffSearch,
)
from marketplace.blueprints.performers.repositories.figures import FIGURES, figures_of
from marketplace.blueprints.performers.repositories.portfolio import public_picture, shown_portfolio
from marketplace.blueprints.performers.repositories.searching import (
    card,
    cards_of,
    find_cards,
    marked_by,
    wanted,
)
from marketplace.blueprints.performers.repositories.visibility import INITIAL, OFFERED, VISIBLE
from marketplace.database.folding import contains
from marketplace.database.keyset import fetch_page
from marketplace.database.listings import Wanted, fetch_found, successor
from marketplace.database.patience import search_time
from marketplace.database.reading import reading
from marketplace.database.repository import SqlRepository
from marketplace.database.seeking import Found, Place, cut_page, fetch_rows, find_place
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.database.wording import understand
from marketplace.kernel.addresses import searched_form
from marketplace.kernel.clock import Clock
from marketplace.kernel.cursors import CursorSigner, fingerprint
from marketplace.kernel.errors import NotFound
from marketplace.kernel.media import media_url
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User, searched_text
from marketplace.models.catalog import Category, CategoryMerger, City, Service
from marketplace.models.figures import PerformerFigures
from marketplace.models.performers import Performer, PerformerCategory
from marketplace.models.schedules import Vacation


class SqlPerformerDirectory(SqlRepository):
    """Performers, to be read."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner, clock: Clock) -> None:
        super().__init__(uow)
        self._signer = signer
        self._clock = clock

    def list_cards(self, search: Search, page: PageRequest, language: str) -> Page[Card]:
        """One page of the public list, in one query; `q` costs one more."""
        place, bound_to = find_place(page, self._signer, name="performers", filters=vars(search))
        with reading(self.session) as connection:
            keys, rows = self._fetch(connection, search, place, page.limit + 1, language)
        return _cards(cut_page(rows, keys, page, place, self._signer, bound_to))

    def list_numbered(self, search: Search, offset: int, limit: int, language: str) -> Page[Card]:
        """The `limit` cards after the first `offset`."""
        page, place = PageRequest(limit=limit), Place()
        bound_to = fingerprint("performers", vars(search))
        with reading(self.session) as connection:
            keys, rows = self._fetch(connection, search, place, limit + 1, language, offset)
        return _cards(cut_page(rows, keys, page, place, self._signer, bound_to))

    def list_favourites(self, user_id: int, page: PageRequest, language: str) -> Page[Card]:
        """The last marked first, in one query."""
        place, bound_to = find_place(page, self._signer, name="favourites", filters={"user_id": user_id})
        found = cards_of(marked_by(user_id, place, page.limit + 1), language)
        rows = fetch_rows(self.session.connection(), found, place)
        return _cards(cut_page(rows, found.keys, page, place, self._signer, bound_to))

    def _fetch(
        self,
        connection: Connection,
        search: Search,
        place: Place,
        rows: int,
        language: str,
        offset: int = 0,
    ) -> tuple[tuple[str, ...], list[Row[Any]]]:
        """The columns of the position, and the rows."""
        words = None if search.q is None else understand(connection, search.q, language)
        what = wanted(search, words, self._clock.now())

        def make(some: Wanted) -> Found:
            return find_cards(some, place, rows, language, offset)

        found, cards = fetch_found(connection, what, make, place)
        if not cards and (went := successor(connection, what.category_id)) is not None:
            found, cards = fetch_found(connection, replace(what, category_id=went), make, place)
        return found.keys, cards

    def find_public(self, performer_id: int, language: str) -> PublicProfile | None:
        """None for one that is not shown to the public; four queries."""
        today = cast(func.timezone(Performer.timezone, self._clock.now()), Date)
        away = (
            select(Vacation.ends_on)
            .where(
                Vacation.performer_id == Performer.id, Vacation.starts_on <= today, Vacation.ends_on >= today
            )
            .correlate(Performer)
            .scalar_subquery()
        )
        statement = (
            select(
                *Performer.__table__.columns,
                away.label("on_vacation_until"),
                User.first_name,
                INITIAL.label("initial"),
                User.avatar_key,
                City.name.label("city_name"),
                City.country_code,
                *FIGURES,
            )
            .join(User, User.id == Performer.user_id)
            .join(City, City.id == Performer.city_id)
            .outerjoin(PerformerFigures, PerformerFigures.performer_id == Performer.id)
            .where(Performer.id == performer_id, *VISIBLE)
        )
        row = self.session.execute(statement).one_or_none()
        if row is None:
            return None
        shown = policies.shown_figures(figures_of(row))
        return PublicProfile(
            id=row.id,
            user=Person(row.user_id, row.first_name, row.initial, media_url(row.avatar_key)),
            headline=row.headline,
            about=row.about,
            city=CityView(row.city_id, row.city_name, row.country_code),
            timezone=row.timezone,
            languages=row.languages,
            experience_years=row.experience_years,
            verified=row.verified,
            on_vacation_until=row.on_vacation_until,
            rating=Histogram(
                average=policies.shown_rating(row.rating_count, row.rating_sum),
                count=row.rating_count,
                stars={str(stars): count for stars, count in enumerate(row.rating_histogram, start=1)},
            ),
            categories=self._categories([row.id], language, offered=True).get(row.id, ()),
            services=self._services(row.id),
            response_rate=shown.response_rate,
            response_time_minutes=shown.response_time_minutes,
            completion_rate=shown.completion_rate,
            portfolio=[public_picture(one) for one in self.session.execute(shown_portfolio(row.id))],
            created_at=row.created_at,
        )

    def get_full(self, performer_id: int, language: str) -> FullProfile:
        """Raises NotFound."""
        row = self.session.execute(_full_statement().where(Performer.id == performer_id)).one_or_none()
        if row is None:
            raise NotFound
        categories = self._categories([row.id], language, offered=False)
        return replace(_full(row), categories=categories.get(row.id, ()))

    def list_full(self, search: StaffSearch, page: PageRequest, language: str) -> Page[FullProfile]:
        """Newest first, in two queries."""
        statement = _full_statement().order_by(Performer.created_at.desc(), Performer.id.desc())
        if search.status is not None:
            statement = statement.where(Performer.status == search.status)
        if search.city_id is not None:
            statement = statement.where(Performer.city_id == search.city_id)
        if search.category_id is not None:
            statement = statement.where(_works_in(search.category_id))
        if search.verified is not None:
            statement = statement.where(Performer.verified.is_(search.verified))
        if search.active is not None:
            statement = statement.where(Performer.active.is_(search.active))
        if search.q is not None:
            statement = statement.where(Performer.id.in_(_written(search.q)))
        with search_time(self.session, search.q):
            found = fetch_page(
                self.session, statement, page, self._signer, name="admin.performers", filters=vars(search)
            )
        categories = self._categories([row.id for row in found.items], language, offered=False)
        items = [replace(_full(row), categories=categories.get(row.id, ())) for row in found.items]
        return Page(items, next=found.next, previous=found.previous)

    def find_ref(
        self, *, performer_id: int | None = None, user_id: int | None = None, visible: bool = False
    ) -> PerformerRef | None:
        """By its id or its user's."""
        statement = select(
            Performer.id,
            Performer.user_id,
            Performer.city_id,
            Performer.timezone,
            Performer.status,
            Performer.active,
        ).join(User, User.id == Performer.user_id)
        if performer_id is not None:
            statement = statement.where(Performer.id == performer_id)
        if user_id is not None:
            statement = statement.where(Performer.user_id == user_id)
        if visible:
            statement = statement.where(*VISIBLE)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else PerformerRef(*row)

    def _categories(
        self, performer_ids: Sequence[int], language: str, *, offered: bool
    ) -> dict[int, list[CategoryView]]:
        """By performer; with `offered`, only what the catalog still shows."""
        if not performer_ids:
            return {}
        names: InstrumentedAttribute[dict[str, Any]] = Category.names
        name = func.coalesce(
            func.jsonb_extract_path_text(names, language), func.jsonb_extract_path_text(names, "en")
        )
        statement = (
            select(PerformerCategory.performer_id, Category.id, Category.slug, name.label("name"))
            .join(Category, Category.id == PerformerCategory.category_id)
            .where(PerformerCategory.performer_id.in_(performer_ids))
            .order_by(Category.id)
        )
        if offered:
            statement = statement.where(Category.is_active)
        found: dict[int, list[CategoryView]] = {}
        for row in self.session.execute(statement):
            found.setdefault(row.performer_id, []).append(CategoryView(row.id, row.slug, row.name))
        return found

    def _services(self, performer_id: int) -> list[ServiceView]:
        statement = (
            select(
                Service.id,
                Service.category_id,
                Service.title,
                Service.description,
                Service.pricing,
                Service.price_amount,
                Service.price_currency,
                Service.duration_minutes,
            )
            .join(Category, Category.id == Service.category_id)
            .where(Service.performer_id == performer_id, *OFFERED)
            .order_by(Service.id)
        )
        return [
            ServiceView(
                id=row.id,
                category_id=row.category_id,
                title=row.title,
                description=row.description,
                pricing=row.pricing,
                price=_money(row.price_amount, row.price_currency),
                duration_minutes=row.duration_minutes,
            )
            for row in self.session.execute(statement)
        ]


def _money(amount: int | None, currency: str | None) -> Money | None:
    return None if amount is None or currency is None else Money(amount, currency)


def _cards(found: Page[Row[Any]]) -> Page[Card]:
    return Page([card(row) for row in found.items], next=found.next, previous=found.previous)


def _full_statement() -> Select[Any]:
    return (
        select(
            *Performer.__table__.columns,
            User.username,
            User.first_name,
            User.last_name,
            User.avatar_key,
            User.is_active.label("user_is_active"),
            City.name.label("city_name"),
            City.country_code,
        )
        .join(User, User.id == Performer.user_id)
        .join(City, City.id == Performer.city_id)
    )


def _works_in(category_id: int) -> ColumnElement[bool]:
    """In the category, or where it went when it was merged, or one below it."""
    went = select(CategoryMerger.category_id).where(CategoryMerger.former_id == category_id)
    below = select(Category.id).where(Category.id.in_(union_all(select(literal(category_id)), went)))
    tree = below.cte("below", recursive=True)
    tree = tree.union_all(select(Category.id).join(tree, Category.parent_id == tree.c.id))
    # An array, so that the tree is read once, and not for each performer.
    wanted_ids = func.any(func.array(select(tree.c.id).scalar_subquery()))
    return exists().where(
        PerformerCategory.performer_id == Performer.id, PerformerCategory.category_id == wanted_ids
    )


def _written(q: str) -> CompoundSelect[int]:
    """The performers that have `q` in the headline or in a name, address or number of their user; each part
    by an index of its own.
    """
    headed = select(Performer.id).where(contains(Performer.headline, q))
    named = (
        select(Performer.id)
        .join(User, User.id == Performer.user_id)
        .where(contains(searched_text(), searched_form(q)))
    )
    return union(headed, named)


def _full(row: Row[Any]) -> FullProfile:
    return FullProfile(
        id=row.id,
        user=StaffPerson(
            row.user_id,
            row.username,
            row.first_name,
            row.last_name,
            media_url(row.avatar_key),
            row.user_is_active,
        ),
        status=row.status,
        status_reason=row.status_reason,
        active=row.active,
        verified=row.verified,
        headline=row.headline,
        about=row.about,
        address=row.address,
        timezone=row.timezone,
        city=CityView(row.city_id, row.city_name, row.country_code),
        languages=row.languages,
        experience_years=row.experience_years,
        rating_count=row.rating_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )
