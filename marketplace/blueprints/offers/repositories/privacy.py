"""The SQL of one user's services: the copy for the user, and their deletion."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from marketplace.blueprints.offers.ports import ServiceRecords
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.catalog import Service
from marketplace.models.performers import Performer


class SqlServiceRecords(SqlRepository, ServiceRecords):
    def services(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(
                Service.id,
                Service.category_id,
                Service.title,
                Service.description,
                Service.pricing,
                Service.price_amount,
                Service.price_currency,
                Service.duration_minutes,
                Service.is_active,
                Service.created_at,
                Service.updated_at,
                Service.deleted_at,
            )
            .join(Performer, Performer.id == Service.performer_id)
            .where(Performer.user_id == user_id)
            .order_by(Service.id),
        )

    def forget(self, user_id: int, at: datetime) -> None:
        statement = (
            update(Service)
            .where(Service.performer_id.in_(select(Performer.id).where(Performer.user_id == user_id)))
            .values(
                title="",
                description="",
                is_active=False,
                hidden_reason=None,
                deleted_at=func.coalesce(Service.deleted_at, at),
                version=Service.version + 1,
            )
        )
        self.write(statement)
