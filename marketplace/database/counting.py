"""Counts by day and states of queues, each in one query over an index."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, cast, func, select

from marketplace.database.repository import SqlRepository
from marketplace.kernel.statistics import QueueState


class SqlCounts(SqlRepository):
    """Counts for repositories, which pass the conditions of their domain."""

    def days(
        self, column: Any, *conditions: ColumnElement[bool], start: datetime, end: datetime
    ) -> Mapping[date, int]:
        """How many rows per day (UTC) have their `column` from `start` until before `end`."""
        day = cast(func.timezone("UTC", column), Date)
        counted = select(day.label("day"), func.count().label("number"))
        statement = counted.where(column >= start, column < end, *conditions).group_by(day)
        return {row.day: row.number for row in self.session.execute(statement)}

    def queue(self, column: Any, *conditions: ColumnElement[bool]) -> QueueState:
        """How many rows there are, and the smallest `column` of them."""
        statement = select(func.count(), func.min(column)).where(*conditions)
        count, oldest = self.session.execute(statement).one()
        return QueueState(count, oldest)
