"""The plugin's SQL."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.database.repository import SqlRepository
from marketplace.models import User
from marketplace_loyalty.models import LoyaltyAccount


class SqlLoyaltyRepository(SqlRepository):
    """Accounts of points."""

    def open(self, user_id: int, points: int) -> None:
        """An account with `points`; one that is there stays as it is, so a repeated event adds nothing."""
        statement = insert(LoyaltyAccount).values(user_id=user_id, points=points)
        self.session.execute(statement.on_conflict_do_nothing())

    def points_of(self, user_id: int) -> int:
        """The points of a user, 0 without an account."""
        statement = select(LoyaltyAccount.points).where(LoyaltyAccount.user_id == user_id)
        return self.session.scalar(statement) or 0

    def points_of_username(self, username: str) -> int | None:
        """The points of the user with this name; None when there is no such account."""
        statement = (
            select(LoyaltyAccount.points)
            .join(User, User.id == LoyaltyAccount.user_id)
            .where(func.lower(User.username) == username.lower())
        )
        return self.session.scalar(statement)
