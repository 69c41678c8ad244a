"""The SQL of lists of performers: one page of cards in one statement."""

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
)

from marketplace.blueprints.directory.ports import CardDirectory, Search
from marketplace.blueprints.directory.repositories.cards import (
    card_of,
    cards_of,
    find_cards,
    marked_by,
    wanted,
)
from marketplace.database.keyset import KeysetPage, KeysetPosition, PageStatement, fetch_rows
from marketplace.database.lexicon import expand_query
from marketplace.database.listings import ListingQuery, fetch_listing, find_merged
from marketplace.database.prepared import read_connection
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.clock import Clock
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.json_text import JsonText
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.week import Spans


class SqlCardDirectory(SqlRepository, CardDirectory):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner, clock: Clock, market_hours: Spans) -> None:
        super().__init__(uow)
        self._signer = signer
        self._clock = clock
        self._market_hours = market_hours

    def list_cards(self, search: Search, page: PageRequest, language: str) -> Page[JsonText]:
        # In one query; `q` costs one more.
        keyset = KeysetPage(page, self._signer, name="performers", filters=vars(search))
        with read_connection(self.session) as connection:
            keys, rows = self._fetch(connection, search, keyset.position, keyset.rows, language)
        return _cards(keyset.cut(rows, keys))

    def list_numbered(self, search: Search, offset: int, limit: int, language: str) -> Page[JsonText]:
        keyset = KeysetPage(PageRequest(limit=limit), self._signer, name="performers", filters=vars(search))
        with read_connection(self.session) as connection:
            keys, rows = self._fetch(connection, search, keyset.position, keyset.rows, language, offset)
        return _cards(keyset.cut(rows, keys))

    def list_favourites(self, user_id: int, page: PageRequest, language: str) -> Page[JsonText]:
        # In one query.
        keyset = KeysetPage(page, self._signer, name="favourites", filters={"user_id": user_id})
        found = cards_of(marked_by(user_id, keyset.position, keyset.rows), language)
        rows = fetch_rows(self.session.connection(), found, keyset.position)
        return _cards(keyset.cut(rows, found.keys))

    def _fetch(
        self,
        connection: Connection,
        search: Search,
        place: KeysetPosition,
        rows: int,
        language: str,
        offset: int = 0,
    ) -> tuple[tuple[str, ...], list[Row[Any]]]:
        """The columns of the position, and the rows."""
        words = None if search.q is None else expand_query(connection, search.q, language)
        what = wanted(search, words, self._clock.now(), self._market_hours)

        def make(some: ListingQuery) -> PageStatement:
            return find_cards(some, place, rows, language, offset)

        found, cards = fetch_listing(connection, what, make, place)
        if not cards and (went := find_merged(connection, what.category_id)) is not None:
            found, cards = fetch_listing(connection, replace(what, category_id=went), make, place)
        return found.keys, cards


def _cards(found: Page[Row[Any]]) -> Page[JsonText]:
    return Page([card_of(row) for row in found.items], next=found.next, previous=found.previous)
