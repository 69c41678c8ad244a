"""The SQL of claims, for each queue that supports them."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, and_, or_, select, update

from marketplace.blueprints.moderation.ports import ChangeKind, Claimable, ClaimRepository, ReportKind
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.models.moderation import ChangeRequest, Report

T = TypeVar("T", bound=Claimable)
Queued = type[ChangeRequest] | type[Report]


def claimed(entity: Queued, whose: str, reader_id: int, now: datetime) -> ColumnElement[bool]:
    """Rows of `entity` that are claimed by `reader_id` (`mine`), or by nobody (`none`)."""
    if whose == "mine":
        return and_(entity.claimed_by == reader_id, entity.claimed_until > now)
    return or_(entity.claimed_by.is_(None), entity.claimed_until <= now)


class SqlClaimRepository(SqlRepository, ClaimRepository[T]):
    """The claims of one queue: `waiting` is the status of items that wait, `parties` are the columns with the
    users who must not decide on it.
    """

    def __init__(
        self,
        uow: SqlUnitOfWork,
        entity: Queued,
        view: Callable[[Row[Any]], T],
        *,
        columns: tuple[Any, ...],
        waiting: str,
        parties: tuple[Any, ...],
    ) -> None:
        super().__init__(uow)
        self._entity = entity
        self._view = view
        self._columns = columns
        self._waiting = waiting
        self._parties = parties

    def find(self, item_id: int) -> T | None:
        row = self.session.execute(select(*self._columns).where(self._entity.id == item_id)).one_or_none()
        return None if row is None else self._view(row)

    def claim(self, item_id: int, actor_id: int, now: datetime, until: datetime) -> T | None:
        # There is one winner, because the holder of the claim is in the WHERE.
        mine = and_(self._entity.claimed_by == actor_id)
        free = or_(mine, claimed(self._entity, "none", actor_id, now))
        return self._set(
            and_(self._entity.id == item_id, free, *self._open_to(actor_id)),
            {"claimed_by": actor_id, "claimed_until": until},
        )

    def claim_next(
        self, actor_id: int, now: datetime, until: datetime, kind: ChangeKind | ReportKind
    ) -> T | None:
        found = (
            select(self._entity.id)
            .where(claimed(self._entity, "none", actor_id, now), *self._open_to(actor_id))
            .order_by(self._entity.created_at, self._entity.id)
            .limit(1)
            .with_for_update(key_share=True, skip_locked=True)
        )
        for name, value in asdict(kind).items():
            if value is not None:
                found = found.where(getattr(self._entity, name) == value)
        item_id = self.session.scalar(found)
        if item_id is None:
            return None
        return self._set(self._entity.id == item_id, {"claimed_by": actor_id, "claimed_until": until})

    def release(self, item_id: int, actor_id: int | None) -> T | None:
        whose = self._entity.claimed_by
        held = whose.is_not(None) if actor_id is None else whose == actor_id
        return self._set(and_(self._entity.id == item_id, held), {"claimed_by": None, "claimed_until": None})

    def _open_to(self, actor_id: int) -> list[ColumnElement[bool]]:
        return [self._entity.status == self._waiting, *(party != actor_id for party in self._parties)]

    def _set(self, condition: ColumnElement[bool], values: Mapping[str, Any]) -> T | None:
        statement = update(self._entity).where(condition).values(**values).returning(*self._columns)
        row = self.write(statement).one_or_none()
        return None if row is None else self._view(row)
