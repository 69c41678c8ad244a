"""Makes and stores a market in one transaction."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

from marketplace.blueprints.demo.data.logins import LOGINS, PASSWORD, Login
from marketplace.blueprints.demo.errors import DemoRefused, NotForProduction
from marketplace.blueprints.demo.ports import COLUMNS, Chunk, MarketRepository
from marketplace.blueprints.demo.services.market import Market
from marketplace.blueprints.demo.services.resetting import refuse_others
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork


class SeedingService:
    """Fills an empty database with a market to try things out.

    `hash_password` makes the one hash that all users share, by password and seed; hashing each password would
    take hours for a million users. `forget` drops the cached answers of all processes.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        rows: MarketRepository,
        clock: Clock,
        hash_password: Callable[[str, int], str],
        forget: Callable[[], None],
        *,
        is_production: bool,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._clock = clock
        self._hash_password = hash_password
        self._forget = forget
        self._is_production = is_production

    def seed(
        self,
        *,
        performers: int,
        seed: int,
        force: bool,
        progress: Callable[[int], None],
        finishing: Callable[[], None],
    ) -> dict[str, int]:
        """Add a market of `performers`, and the log-ins that are not there yet; the number of rows by table.
        `progress` is told how many performers are stored so far, `finishing` that all are, before the
        listings and statistics follow.

        Everything is one transaction: a failure or Ctrl-C leaves nothing behind. Raises DemoRefused in
        production, without reference data, where many users are not of the demo, and (unless `force`) where
        there are users beyond staff.
        """
        if self._is_production:
            raise NotForProduction
        with self._uow:
            self._rows.begin()
            is_first = not self._rows.has_users()
            if not force and not is_first:
                raise DemoRefused("There are users already; --force adds the demo to them.")
            refuse_others(self._rows.count_users())
            places, crafts = self._rows.list_places(), self._rows.list_crafts()
            if not places or not crafts:
                raise DemoRefused("There are no cities or categories yet: run `flask catalog load` first.")
            ids = self._rows.lock_ids()
            today = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
            password_hash = self._hash_password(PASSWORD, seed)
            market = Market(seed, places, crafts, ids, password_hash, today, self._missing())
            # If there are rows already, rebuilding all indexes may cost more than it saves.
            with self._rows.without_indexes() if is_first else nullcontext():
                seeded = self._store(market, performers, progress)
                finishing()
            self._rows.finish(ids)
        self._forget()
        return seeded

    def _missing(self) -> list[Login]:
        """The log-ins whose name and address nobody has."""
        return [login for login in LOGINS if not self._rows.list_accounts([login.username], [login.email])]

    def _store(self, market: Market, performers: int, progress: Callable[[int], None]) -> dict[str, int]:
        rows = dict.fromkeys(COLUMNS, 0)
        done = 0
        for chunk in _ahead(market.chunks(performers)):
            self._rows.store(chunk)
            for table, lines in chunk.lines.items():
                rows[table] += len(lines)
            done += chunk.performers
            progress(done)
        return rows


def _ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks; the next one is made while the database stores the one before."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = maker.submit(next, chunks, None)
            yield chunk
