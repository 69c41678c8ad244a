"""The SQL that reads performers for staff, for themselves and for other domains: columns, not entities."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    exists,
    func,
    literal,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.blueprints.performers.contracts import (
    CategoryView,
    CityView,
    FullProfile,
    PerformerRef,
    StaffPerson,
)
from marketplace.blueprints.performers.ports import PerformerDirectory, StaffSearch
from marketplace.database.folding import contains
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.timeouts import search_timeout
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.addresses import searched_form
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User, searched_text
from marketplace.models.catalog import Category, CategoryMerger, City
from marketplace.models.performers import Performer, PerformerCategory
from marketplace.models.visibility import PERFORMER_IS_PUBLIC


class SqlPerformerDirectory(SqlRepository, PerformerDirectory):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def get_full(self, performer_id: int, language: str) -> FullProfile:
        row = self.session.execute(_full_statement().where(Performer.id == performer_id)).one_or_none()
        if row is None:
            raise NotFound
        categories = self._categories([row.id], language)
        return replace(_full(row), categories=categories.get(row.id, ()))

    def list_full(self, search: StaffSearch, page: PageRequest, language: str) -> Page[FullProfile]:
        # In two queries.
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
        with search_timeout(self.session, search.q):
            found = fetch_page(
                self.session, statement, page, self._signer, name="admin.performers", filters=vars(search)
            )
        categories = self._categories([row.id for row in found.items], language)
        items = [replace(_full(row), categories=categories.get(row.id, ())) for row in found.items]
        return Page(items, next=found.next, previous=found.previous)

    def find_ref(self, performer_id: int, *, visible: bool = False) -> PerformerRef | None:
        statement = (
            select(Performer.id, Performer.user_id)
            .join(User, User.id == Performer.user_id)
            .where(Performer.id == performer_id)
        )
        if visible:
            statement = statement.where(PERFORMER_IS_PUBLIC)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else PerformerRef(*row)

    def _categories(self, performer_ids: Sequence[int], language: str) -> dict[int, list[CategoryView]]:
        """By performer."""
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
        found: dict[int, list[CategoryView]] = {}
        for row in self.session.execute(statement):
            found.setdefault(row.performer_id, []).append(CategoryView(row.id, row.slug, row.name))
        return found


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
    """Whether a performer works in the category, in the one it was merged into, or in one below it."""
    went = select(CategoryMerger.category_id).where(CategoryMerger.former_id == category_id)
    below = select(Category.id).where(Category.id.in_(union_all(select(literal(category_id)), went)))
    tree = below.cte("below", recursive=True)
    tree = tree.union_all(select(Category.id).join(tree, Category.parent_id == tree.c.id))
    # An array, so that the tree is read once instead of once for each performer.
    wanted_ids = func.any(func.array(select(tree.c.id).scalar_subquery()))
    return exists().where(
        PerformerCategory.performer_id == Performer.id, PerformerCategory.category_id == wanted_ids
    )


def _written(q: str) -> CompoundSelect[int]:
    """The performers that have `q` in the headline, or in a name, address or number of their user; each part
    uses an index of its own.
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
