"""The plugin's SQL."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from marketplace.database.counting import SqlCounts
from marketplace.database.streaming import stream_rows
from marketplace.models import User
from marketplace_loyalty.models import LoyaltyAccount
from marketplace_loyalty.services import LoyaltyRepository


class SqlLoyaltyRepository(SqlCounts, LoyaltyRepository):
    """Accounts of points."""

    def open(self, user_id: int, points: int) -> None:
        """An account with `points`; one that is there stays as it is, so a repeated event adds nothing."""
        statement = insert(LoyaltyAccount).values(user_id=user_id, points=points)
        self.session.execute(statement.on_conflict_do_nothing())

    def points_of(self, user_id: int) -> int:
        """The points of a user, 0 without an account."""
        statement = select(LoyaltyAccount.points).where(LoyaltyAccount.user_id == user_id)
        return self.session.scalar(statement) or 0

    def spend(self, user_id: int, points: int) -> int | None:
        """Take points away, if there are so many: the points that are left, else None."""
        statement = (
            update(LoyaltyAccount)
            .where(LoyaltyAccount.user_id == user_id, LoyaltyAccount.points >= points)
            .values(points=LoyaltyAccount.points - points)
            .returning(LoyaltyAccount.points)
        )
        return self.session.scalar(statement)

    def points_of_username(self, username: str) -> int | None:
        """The points of the user with this name; None when there is no such account."""
        statement = (
            select(LoyaltyAccount.points)
            .join(User, User.id == LoyaltyAccount.user_id)
            .where(func.lower(User.username) == username.lower())
        )
        return self.session.scalar(statement)

    def rows_of(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The account of a user; at most one row."""
        statement = select(LoyaltyAccount.points, LoyaltyAccount.opened_at)
        return stream_rows(self.session, statement.where(LoyaltyAccount.user_id == user_id))

    def delete(self, user_id: int) -> None:
        """Remove a user's account."""
        self.session.execute(delete(LoyaltyAccount).where(LoyaltyAccount.user_id == user_id))

    def count_opened(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """How many accounts a day (UTC)."""
        return self.days(LoyaltyAccount.opened_at, start=start, end=end)
