"""Stores the demo's market: reserves ids, streams chunks by COPY, all in one transaction."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass

import argon2
from sqlalchemy import func, literal, select, text
from sqlalchemy.orm import Session, aliased

from marketplace.blueprints.operations.demo.listing import fill_listings, hold_listings, without_indexes
from marketplace.blueprints.operations.demo.market import Market
from marketplace.blueprints.operations.demo.tables import COLUMNS, Chunk, Craft, Ids, Place
from marketplace.config import Settings
from marketplace.database.copying import copy_lines
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.clock import Clock
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, City

PASSWORD = "Demo-Market-1"  # noqa: S105 - printed for everybody to use
_NUMBERED = tuple(table for table, columns in COLUMNS.items() if columns[0] == "id")


class DemoRefused(Exception):
    """The demo cannot be seeded here; the message is one line that says why."""


@dataclass(frozen=True)
class Seeded:
    """How many rows went into each table, and two names to sign in with."""

    rows: dict[str, int]
    customer: str
    performer: str


def seed_demo(
    uow: SqlUnitOfWork,
    settings: Settings,
    clock: Clock,
    *,
    performers: int,
    seed: int,
    force: bool,
    progress: Callable[[int], None],
    finishing: Callable[[], None],
) -> Seeded:
    """Add a market of `performers`; `progress` is told how many of them are stored so far, `finishing` that
    all are, and the listings and statistics follow.

    One transaction: a failure or Ctrl-C leaves nothing behind. Raises DemoRefused in production, without
    reference data, and (unless `force`) where there are users beyond staff.
    """
    if settings.is_production:
        raise DemoRefused("The demo is not for production.")
    with uow:
        session = uow.session
        session.execute(text("SET LOCAL statement_timeout = 0"))
        hold_listings(session)
        is_first = session.scalar(select(literal(1)).where(~User.is_staff).limit(1)) is None
        if not force and not is_first:
            raise DemoRefused("There are users already; --force adds the demo to them.")
        places, crafts = _places(session), _crafts(session)
        if not places or not crafts:
            raise DemoRefused("There are no cities or categories yet: run `flask catalog load` first.")
        ids = _lock_ids(session)
        today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        market = Market(seed, places, crafts, ids, _password_hash(settings, seed), today)
        # Beside rows that are there already, making all indexes anew may cost more than it saves.
        with without_indexes(session, COLUMNS) if is_first else nullcontext():
            rows, logins = _store(session, market, performers, progress)
            finishing()
        # First: without statistics the planner takes everything for small.
        names = ", ".join(f'"{table}"' for table in COLUMNS)
        session.execute(text(f"ANALYZE {names}"))
        fill_listings(session)
        return Seeded(rows, *logins)


def _store(
    session: Session, market: Market, performers: int, progress: Callable[[int], None]
) -> tuple[dict[str, int], tuple[str, str]]:
    """How many rows went into each table, and two names to sign in with."""
    rows = dict.fromkeys(COLUMNS, 0)
    logins = ("", "")
    done = 0
    for chunk in _ahead(market.chunks(performers)):
        for table, columns in COLUMNS.items():
            copy_lines(session, table, columns, chunk.lines[table])
            rows[table] += len(chunk.lines[table])
        done += chunk.performers
        logins = logins if logins[0] else chunk.logins
        progress(done)
    for table in _NUMBERED:
        session.execute(
            select(func.setval(func.pg_get_serial_sequence(f'"{table}"', "id"), market.ids.last[table]))
        )
    return rows, logins


def _ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks, the next one made while the database stores the one before."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = maker.submit(next, chunks, None)
            yield chunk


def _places(session: Session) -> list[Place]:
    statement = select(City.id, City.name, City.country_code, City.timezone, City.population).where(
        City.is_active
    )
    return [Place(*row) for row in session.execute(statement)]


def _crafts(session: Session) -> list[Craft]:
    """The leaves of the tree; a leaf without a parent is a branch of its own."""
    parent, child = aliased(Category), aliased(Category)
    statement = (
        select(
            Category.id,
            Category.slug,
            func.coalesce(parent.slug, Category.slug),
            Category.names["en"].astext,
        )
        .outerjoin(parent, parent.id == Category.parent_id)
        .where(Category.is_active, ~select(child.id).where(child.parent_id == Category.id).exists())
        .order_by(Category.slug)
    )
    return [Craft(*row) for row in session.execute(statement)]


def _lock_ids(session: Session) -> Ids:
    """The last id of each table. Others wait with their inserts until this transaction ends, or they
    would draw the same ids.
    """
    names = ", ".join(f'"{table}"' for table in COLUMNS)
    session.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
    last = {}
    for table in _NUMBERED:
        sequence = session.scalar(select(func.pg_get_serial_sequence(f'"{table}"', "id")))
        row = session.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 - a name from the catalog
        last[table] = row.last_value if row.is_called else row.last_value - 1
    return Ids(last)


def _password_hash(settings: Settings, seed: int) -> str:
    """One hash for all: they share the password, and hashing each would take hours for a million."""
    hasher = argon2.PasswordHasher(
        time_cost=settings.argon2_time_cost, memory_cost=settings.argon2_memory_cost, parallelism=1
    )
    return hasher.hash(PASSWORD, salt=f"demo-{seed}".encode().ljust(16, b"-")[:16])
