"""The SQL of the onboarding checklist."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, cast, func, literal, or_, select

from marketplace.blueprints.onboarding.ports import ChecklistRepository
from marketplace.database.repository import SqlRepository
from marketplace.kernel.errors import NotFound
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, Service
from marketplace.models.certificates import Certificate
from marketplace.models.moderation import ChangeRequest
from marketplace.models.performers import Performer, PerformerCategory
from marketplace.models.portfolio import PortfolioImage
from marketplace.models.schedules import PerformerSchedule
from marketplace.models.visibility import SERVICE_IS_PUBLIC


def _done(now: datetime) -> dict[str, ColumnElement[Any]]:
    """Whether an item is done, by its code; correlated to the performer and user of the surrounding
    statement.
    """
    certificate = select(Certificate.id).where(Certificate.performer_id == Performer.id)
    today = cast(func.timezone(Performer.timezone, literal(now, DateTime(timezone=True))), Date)
    good = or_(Certificate.expires_on.is_(None), Certificate.expires_on >= today)
    return {
        "contact_confirmed": or_(User.email_verified, User.phone_verified),
        "about": Performer.about != "",
        "category": select(PerformerCategory.category_id)
        .join(Category, Category.id == PerformerCategory.category_id)
        .where(PerformerCategory.performer_id == Performer.id, Category.is_active)
        .exists(),
        "service": select(Service.id)
        .join(Category, Category.id == Service.category_id)
        .where(Service.performer_id == Performer.id, SERVICE_IS_PUBLIC)
        .exists(),
        "approved": Performer.status == "approved",
        "schedule": select(PerformerSchedule.performer_id)
        .where(PerformerSchedule.performer_id == Performer.id, ~func.isempty(PerformerSchedule.weekly))
        .exists(),
        "avatar": User.avatar_key.is_not(None),
        "portfolio": select(PortfolioImage.id).where(PortfolioImage.performer_id == Performer.id).exists(),
        "certificate": certificate.where(Certificate.status == "approved", good).exists(),
    }


def _pending() -> dict[str, ColumnElement[Any]]:
    """Whether what was done for an item waits for staff, by its code."""
    waiting = select(ChangeRequest.id).where(ChangeRequest.status == "pending")
    return {
        "about": waiting.where(
            ChangeRequest.subject_type == "performer",
            ChangeRequest.subject_id == Performer.id,
            ChangeRequest.field_name == "about",
        ).exists(),
        "category": waiting.where(
            ChangeRequest.subject_type == "performer",
            ChangeRequest.subject_id == Performer.id,
            ChangeRequest.field_name == "category_ids",
        ).exists(),
        "approved": Performer.status == "pending",
        "avatar": waiting.where(
            ChangeRequest.subject_type == "user",
            ChangeRequest.subject_id == Performer.user_id,
            ChangeRequest.field_name == "avatar",
        ).exists(),
        "certificate": select(Certificate.id)
        .where(Certificate.performer_id == Performer.id, Certificate.status == "pending")
        .exists(),
    }


class SqlChecklistRepository(SqlRepository, ChecklistRepository):
    """Reads every fact in one statement."""

    def facts(self, performer_id: int, now: datetime) -> tuple[set[str], set[str]]:
        done, pending = _done(now), _pending()
        statement = (
            select(
                *(fact.label(f"done_{code}") for code, fact in done.items()),
                *(fact.label(f"pending_{code}") for code, fact in pending.items()),
            )
            .select_from(Performer)
            .join(User, User.id == Performer.user_id)
            .where(Performer.id == performer_id)
        )
        row = self.session.execute(statement).mappings().one_or_none()
        if row is None:
            raise NotFound
        return (
            {code for code in done if row[f"done_{code}"]},
            {code for code in pending if row[f"pending_{code}"]},
        )
