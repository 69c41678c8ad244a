"""The plugin's use cases."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Protocol

from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace_loyalty.errors import PointsMissing

WELCOME_POINTS = 100


class LoyaltyRepository(Protocol):
    """Where points are kept."""

    def open(self, user_id: int, points: int) -> None: ...

    def points_of(self, user_id: int) -> int: ...

    def spend(self, user_id: int, points: int) -> int | None: ...

    def points_of_username(self, username: str) -> int | None: ...

    def rows_of(self, user_id: int) -> Iterator[Mapping[str, Any]]: ...

    def delete(self, user_id: int) -> None: ...

    def count_opened(self, start: datetime, end: datetime) -> Mapping[date, int]: ...


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

    def spend(self, caller: Principal, points: int) -> dict[str, int]:
        """Take points away; gives what is left. Raises PointsMissing."""
        with self._uow:
            left = self._accounts.spend(caller.user_id, points)
            if left is None:
                has = self._accounts.points_of(caller.user_id)
                raise PointsMissing(Text("Points that you can spend: {points}", points=has))
            return {"points": left}

    def of_username(self, username: str) -> int:
        """The points of a user. Raises NotFound."""
        points = self._accounts.points_of_username(username)
        if points is None:
            raise NotFound
        return points

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """What is held on a user, for the copy that the user asks for."""
        return self._accounts.rows_of(user_id)

    def forget(self, user_id: int) -> None:
        """Remove it when the user's time to come back is over."""
        self._accounts.delete(user_id)

    def count_opened(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """How many accounts of points were opened a day, for staff."""
        return self._accounts.count_opened(start, end)
