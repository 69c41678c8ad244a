"""The plugin's use cases."""

from typing import Protocol

from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

WELCOME_POINTS = 100


class LoyaltyRepository(Protocol):
    """Where points are kept."""

    def open(self, user_id: int, points: int) -> None: ...

    def points_of(self, user_id: int) -> int: ...

    def points_of_username(self, username: str) -> int | None: ...


class LoyaltyService:
    """Points for the people of a marketplace."""

    def __init__(self, uow: UnitOfWork, accounts: LoyaltyRepository) -> None:
        self._uow = uow
        self._accounts = accounts

    def welcome(self, user_id: int) -> None:
        """The points that everybody starts with; given once."""
        with self._uow:
            self._accounts.open(user_id, WELCOME_POINTS)

    def own(self, caller: Principal) -> dict[str, int]:
        """The caller's points."""
        return {"points": self._accounts.points_of(caller.user_id)}

    def of_username(self, username: str) -> int:
        """The points of a user. Raises NotFound."""
        points = self._accounts.points_of_username(username)
        if points is None:
            raise NotFound
        return points
