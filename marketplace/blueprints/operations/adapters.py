"""Checks of /health/ready: the database, its migrations, its indexes, its locale and its time zones."""

import logging
import math
import secrets
from datetime import datetime, timedelta
from functools import cached_property
from time import monotonic

import redis
from alembic.script import ScriptDirectory
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, ProgrammingError, SQLAlchemyError

from marketplace.extensions import db, migrate
from marketplace.kernel.clock import Clock
from marketplace.kernel.zones import zone, zone_names

log = logging.getLogger(__name__)

REDIS_TIMEOUT_SECONDS = 0.5
WRITE_SECONDS = 4.0
"""The least time between two successful trials of writing."""
_WRITE = text(
    "INSERT INTO idempotency_key (scope, key_hash, request_hash, status, headers, body)"
    " VALUES ('readiness', :key, '', 0, '{}', '')"
)


class DatabaseCheck:
    """Whether the database answers and takes writes: one row, in a transaction that is rolled back.

    For WRITE_SECONDS after a success, the check only reads: probes may come often, and the database must
    clean up every row that was rolled back.
    """

    def __init__(self) -> None:
        self._wrote_at = -math.inf

    def __call__(self) -> str | None:
        """See the class."""
        try:
            with db.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
                if monotonic() - self._wrote_at >= WRITE_SECONDS:
                    return self._write(connection)
        except SQLAlchemyError:
            return "does not answer"
        return None

    def _write(self, connection: Connection) -> str | None:
        row = {"key": secrets.token_bytes(32)}
        try:
            connection.execute(_WRITE, row)
        except ProgrammingError:
            connection.rollback()
            return None  # no such table: the check of the migrations reports that
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            return f"takes no writes: {str(error.orig).strip().splitlines()[0]}"
        connection.rollback()
        self._wrote_at = monotonic()
        return None


class MigrationsCheck:
    """Whether every branch of migrations is at its head, or past it."""

    def __call__(self) -> str | None:
        """See the class."""
        try:
            with db.engine.connect() as connection:
                current = set(connection.scalars(text("SELECT version_num FROM alembic_version")))
        except ProgrammingError:
            current = set()  # no such table: there was no migration yet
        except SQLAlchemyError:
            return "cannot be read"
        missing = self.missing(current)
        return f"run `flask db upgrade`: {', '.join(missing)} missing" if missing else None

    def missing(self, current: set[str]) -> list[str]:
        """The heads that a database whose revisions are `current` has not reached yet."""
        # A revision that another one depends on is not listed beside it.
        reached = current.union(*(self._ancestors.get(revision, ()) for revision in current))
        behind = {head for head in self._lineage if head not in reached}
        if current - set().union(*self._lineage.values()):
            # There is a revision that we do not know: a newer release has migrated, which older code
            # must live with. Only a branch that stands at one of our own older revisions is behind.
            behind = {head for head in behind if current & self._lineage[head]}
        return sorted(behind)

    @cached_property
    def _scripts(self) -> ScriptDirectory:
        """Read once, because the files belong to this release."""
        return ScriptDirectory.from_config(migrate.get_config())  # type: ignore[arg-type]  # the stubs' own Config

    @cached_property
    def _lineage(self) -> dict[str, set[str]]:
        """Each head with all revisions that lead to it, and the revisions that these replace."""
        return {
            head: self._ancestors[head].union(
                *(
                    getattr(self._scripts.get_revision(revision).module, "replaces", ())
                    for revision in self._ancestors[head]
                )
            )
            for head in self._scripts.get_heads()
        }

    @cached_property
    def _ancestors(self) -> dict[str, set[str]]:
        """Each revision with itself and all its ancestors, including its dependencies."""
        return {
            script.revision: {
                step.revision for step in self._scripts.iterate_revisions(script.revision, "base")
            }
            for script in self._scripts.walk_revisions()
        }


def check_indexes() -> str | None:
    """Whether all indexes are usable: an index whose creation was interrupted stays, and is never read."""
    statement = text(
        """
        SELECT class.relname FROM pg_index AS i
        JOIN pg_class AS class ON class.oid = i.indexrelid AND class.relkind = 'i'
        JOIN pg_namespace AS space ON space.oid = class.relnamespace
        WHERE NOT i.indisvalid AND space.nspname = ANY (current_schemas(false))
          -- Somebody is making it just now; another role's index is not told, only that there is one.
          AND NOT EXISTS (
              SELECT FROM pg_stat_progress_create_index AS making
              WHERE making.datname = current_database()
                AND coalesce(making.index_relid, i.indexrelid) = i.indexrelid
          )
        ORDER BY 1
        """
    )
    try:
        with db.engine.connect() as connection:
            invalid = list(connection.scalars(statement))
    except SQLAlchemyError:
        return "cannot be read"
    return f"run `flask db upgrade`: {', '.join(invalid)} invalid" if invalid else None


def check_letters() -> str | None:
    """Whether trigrams know letters beyond ASCII: otherwise searches with typing errors in Cyrillic, Greek,
    Arabic or Hebrew find nothing, and cost a scan.
    """
    try:
        with db.engine.connect() as connection:
            # Cyrillic, Greek, Arabic, Hebrew
            known: bool = connection.execute(
                text(
                    "SELECT bool_and(show_trgm(word) <> '{}') FROM unnest(ARRAY['я', 'ω', 'ب', 'ש']) AS word"
                )
            ).scalar_one()
    except ProgrammingError:
        return None  # no such extension: there was no migration yet
    except SQLAlchemyError:
        return "cannot be read"
    if known:
        return None
    return (
        "LC_CTYPE knows ASCII only: move the data by pg_dump into a database made by"
        " `createdb -T template0 -E UTF8 --lc-ctype=C.UTF-8 NAME`"
    )


class ZonesCheck:
    """Whether the database knows the time zones of the cities: without them nobody could tell who is free
    there. The check runs until it succeeds. If the rules of the database differ from those of the program,
    the log says so once.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_fine = False

    def __call__(self) -> str | None:
        """See the class."""
        if self._is_fine:
            return None
        try:
            with db.engine.connect() as connection:
                zones = set(connection.scalars(text("SELECT DISTINCT timezone FROM city")))
                known = set(connection.scalars(text("SELECT name FROM pg_timezone_names")))
                differing = self._differing(connection, sorted(zones & known & zone_names()))
        except SQLAlchemyError:
            return "cannot be read"
        if zones - known:
            return (
                f"update the time zones of the database's system: it lacks {', '.join(sorted(zones - known))}"
            )
        if differing:
            log.warning("the database's time zones are of another year", extra={"zones": differing[:10]})
        self._is_fine = True
        return None

    def _differing(self, connection: Connection, zones: list[str]) -> list[str]:
        """The zones with different offsets in the database and in the program on some day of the coming
        year.
        """
        start = self._clock.now()
        days = [start + timedelta(days=days) for days in range(0, 366, 7)]
        rows = connection.execute(
            text("""
                SELECT zone, array_agg(extract(epoch FROM day AT TIME ZONE zone - day AT TIME ZONE 'UTC')::int
                                       ORDER BY day) AS offsets
                FROM unnest(CAST(:zones AS text[])) AS zone, unnest(CAST(:days AS timestamptz[])) AS day
                GROUP BY zone ORDER BY zone"""),
            {"zones": zones, "days": days},
        )
        return [row.zone for row in rows if row.offsets != [_offset(day, row.zone) for day in days]]


def _offset(day: datetime, name: str) -> int:
    offset = day.astimezone(zone(name)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


class RedisCheck:
    """Whether Redis answers."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self) -> str | None:
        """See the class."""
        client = redis.Redis.from_url(
            self._url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            client.ping()
        except redis.RedisError:
            return "does not answer"
        finally:
            client.close()
        return None
