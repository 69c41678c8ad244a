"""Takes the demo away, with everything that grew around it."""

from collections.abc import Callable

from marketplace.blueprints.demo.errors import DemoRefused, NotForProduction
from marketplace.blueprints.demo.ports import MarketRepository, Population
from marketplace.kernel.transactions import UnitOfWork

MAX_OTHERS = 100
"""How many users that are not of the demo there may be; a developer has a few."""


def refuse_others(found: Population) -> None:
    """Raises DemoRefused where more than MAX_OTHERS users are not of the demo: DATABASE_URL may name a market
    of real people, and APP_ENV be forgotten.
    """
    if found.others > MAX_OTHERS:
        raise DemoRefused(
            f"{found.others:,} users here are not of the demo: this is no database to try things out."
        )


class ResetService:
    """Empties a database of development. Orders, chats and reviews join people of the demo and others, and
    the examples of the documents name the first ids: so nothing but categories and cities stays.
    """

    def __init__(
        self, uow: UnitOfWork, rows: MarketRepository, forget: Callable[[], None], *, is_production: bool
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._forget = forget
        self._is_production = is_production

    def count_users(self) -> Population:
        """The users that a reset would remove. Raises NotForProduction, and DemoRefused where so many are not
        of the demo, or none is, that somebody may have taken the wrong database.
        """
        self._check()
        with self._uow:
            found = self._rows.count_users()
        if found.others and not found.demo:
            raise DemoRefused(f"There is no demo here: all {found.others:,} users are somebody's own.")
        refuse_others(found)
        return found

    def reset(self) -> None:
        """Remove all rows but categories and cities. Raises as `count_users`."""
        self.count_users()
        with self._uow:
            self._rows.begin()
            self._rows.clear()
        self._forget()

    def _check(self) -> None:
        if self._is_production:
            raise NotForProduction
