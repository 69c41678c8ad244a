"""The SQL of public profiles."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    cast,
    func,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.blueprints.directory.ports import (
    AspectRating,
    Histogram,
    Person,
    ProfileDirectory,
    PublicProfile,
    ServiceView,
)
from marketplace.blueprints.performers.contracts import (
    CategoryView,
    CityView,
)
from marketplace.blueprints.reliability.contracts import Figures, shown_figures
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.clock import Clock
from marketplace.kernel.media import media_url
from marketplace.kernel.money import Money
from marketplace.kernel.ratings import ASPECTS, shown_average
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, City, Service
from marketplace.models.figures import PerformerFigures
from marketplace.models.performers import Performer, PerformerCategory
from marketplace.models.schedules import Vacation
from marketplace.models.visibility import INITIAL, PERFORMER_IS_PUBLIC, SERVICE_IS_PUBLIC

# A performer who was never counted has no row.
_FIGURES: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...] = (
    func.coalesce(PerformerFigures.asked, 0).label("asked"),
    func.coalesce(PerformerFigures.answered, 0).label("answered"),
    PerformerFigures.response_p33,
    PerformerFigures.response_p66,
    func.coalesce(PerformerFigures.completed, 0).label("completed"),
    func.coalesce(PerformerFigures.withdrawn, 0).label("withdrawn"),
)


class SqlProfileDirectory(SqlRepository, ProfileDirectory):
    def __init__(self, uow: SqlUnitOfWork, clock: Clock) -> None:
        super().__init__(uow)
        self._clock = clock

    def find_public(self, performer_id: int, language: str) -> PublicProfile | None:
        # In three queries.
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
                *_FIGURES,
            )
            .join(User, User.id == Performer.user_id)
            .join(City, City.id == Performer.city_id)
            .outerjoin(PerformerFigures, PerformerFigures.performer_id == Performer.id)
            .where(Performer.id == performer_id, PERFORMER_IS_PUBLIC)
        )
        row = self.session.execute(statement).one_or_none()
        if row is None:
            return None
        figures = Figures(
            row.asked, row.answered, row.response_p33, row.response_p66, row.completed, row.withdrawn
        )
        shown = shown_figures(figures)
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
                average=shown_average(row.rating_count, row.rating_sum),
                count=row.rating_count,
                stars={str(stars): count for stars, count in enumerate(row.rating_histogram, start=1)},
                aspects={
                    aspect: AspectRating(shown_average(count, total), count)
                    for aspect, count, total in zip(ASPECTS, row.aspect_counts, row.aspect_sums, strict=True)
                },
            ),
            categories=self._categories(row.id, language),
            services=self._services(row.id),
            response_rate=shown.response_rate,
            response_time_minutes=shown.response_time_minutes,
            completion_rate=shown.completion_rate,
            created_at=row.created_at,
        )

    def _categories(self, performer_id: int, language: str) -> list[CategoryView]:
        """The performer's categories as the catalog shows them."""
        names: InstrumentedAttribute[dict[str, Any]] = Category.names
        name = func.coalesce(
            func.jsonb_extract_path_text(names, language), func.jsonb_extract_path_text(names, "en")
        )
        statement = (
            select(Category.id, Category.slug, name.label("name"))
            .join(PerformerCategory, PerformerCategory.category_id == Category.id)
            .where(PerformerCategory.performer_id == performer_id, Category.is_active)
            .order_by(Category.id)
        )
        return [CategoryView(*row) for row in self.session.execute(statement)]

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
            .where(Service.performer_id == performer_id, SERVICE_IS_PUBLIC)
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
