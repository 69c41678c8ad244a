"""The SQL of the cancellation policies of performers."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.blueprints.orders.policies.cancellation import FREE
from marketplace.blueprints.orders.ports import CancellationTier, PerformerPolicy, PolicyRepository
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.kernel.errors import NotFound
from marketplace.models.accounts import User
from marketplace.models.orders import CancellationPolicy
from marketplace.models.performers import Performer
from marketplace.models.visibility import PERFORMER_IS_PUBLIC

_COLUMNS = (CancellationPolicy.name, CancellationPolicy.tiers, CancellationPolicy.version)


class SqlPolicyRepository(SqlRepository, PolicyRepository):
    def lock(self, performer_id: int) -> None:
        statement = select(Performer.id).where(Performer.id == performer_id).with_for_update(key_share=True)
        if self.session.scalar(statement) is None:
            raise NotFound

    def find(self, performer_id: int) -> PerformerPolicy | None:
        statement = select(*_COLUMNS).where(CancellationPolicy.performer_id == performer_id)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _policy(row)

    def find_public(self, performer_id: int) -> PerformerPolicy | None:
        statement = (
            select(*_COLUMNS)
            .select_from(Performer)
            .join(User, User.id == Performer.user_id)
            .outerjoin(CancellationPolicy, CancellationPolicy.performer_id == Performer.id)
            .where(Performer.id == performer_id, PERFORMER_IS_PUBLIC)
        )
        row = self.session.execute(statement).one_or_none()
        if row is None:
            return None
        return PerformerPolicy(FREE.name, FREE.tiers) if row.name is None else _policy(row)

    def set(self, performer_id: int, policy: PerformerPolicy, at: datetime) -> None:
        values = {**asdict(policy), "updated_at": at}
        statement = insert(CancellationPolicy).values(performer_id=performer_id, **values)
        self.session.execute(statement.on_conflict_do_update(index_elements=["performer_id"], set_=values))

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        statement = (
            select(*CancellationPolicy.__table__.columns)
            .join(Performer, Performer.id == CancellationPolicy.performer_id)
            .where(Performer.user_id == user_id)
        )
        return stream_rows(self.session, statement)

    def forget(self, user_id: int) -> None:
        owned = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        self.write(delete(CancellationPolicy).where(CancellationPolicy.performer_id == owned))


def _policy(row: Any) -> PerformerPolicy:
    tiers = tuple(CancellationTier(**tier) for tier in row.tiers)
    return PerformerPolicy(row.name, tiers, row.version)
