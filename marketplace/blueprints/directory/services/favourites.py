"""Favourites: performers that a user marks, to find them again."""

from collections.abc import Callable

from marketplace.blueprints.directory.ports import CardDirectory, FavouriteRepository
from marketplace.blueprints.performers.contracts import PerformerRef
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.json_text import JsonText
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork


class FavouriteService:
    """The caller's own favourites."""

    def __init__(
        self,
        uow: UnitOfWork,
        favourites: FavouriteRepository,
        cards: CardDirectory,
        find_visible: Callable[[int], PerformerRef | None],
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._favourites = favourites
        self._cards = cards
        self._find_visible = find_visible
        self._clock = clock

    def mark(self, caller: Principal, performer_id: int) -> None:
        """Mark a performer; marking again changes nothing. Raises NotFound for one that is not public."""
        with self._uow:
            self._check_visible(performer_id)
            self._favourites.add(caller.user_id, performer_id, self._clock.now())

    def unmark(self, caller: Principal, performer_id: int) -> None:
        """Remove a mark; removing it again changes nothing. Raises NotFound for a performer that is neither
        marked nor public.
        """
        with self._uow:
            if not self._favourites.remove(caller.user_id, performer_id):
                self._check_visible(performer_id)

    def list_own(self, caller: Principal, page: PageRequest, language: str) -> Page[JsonText]:
        """Public favourites, the last marked first. Raises InvalidCursor."""
        return self._cards.list_favourites(caller.user_id, page, language)

    def _check_visible(self, performer_id: int) -> None:
        if self._find_visible(performer_id) is None:
            raise NotFound
