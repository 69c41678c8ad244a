"""What /health/ready looks at."""

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
"""The least time between two trials of writing that went well."""
_WRITE = text(
    "INSERT INTO idempotency_key (scope, key_hash, request_hash, status, headers, body)"
    " VALUES ('readiness', :key, '', 0, '{}', '')"
)


class DatabaseCheck:
    """Whether the database answers and takes writes: one row, in a transaction that is rolled back.

    After a success it is only asked to answer for WRITE_SECONDS: probes may come often, and each row that was
    rolled back is something to clean for the database.
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
            return None  # no such table: of that tells the check of the migrations
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
            current = set()  # no such table: nothing was migrated yet
        except SQLAlchemyError:
            return "cannot be read"
        missing = self.missing(current)
        return f"run `flask db upgrade`: {', '.join(missing)} missing" if missing else None

    def missing(self, current: set[str]) -> list[str]:
        """The heads that a database whose revisions are `current` has yet to reach."""
        behind = {head for head in self._lineage if head not in current}
        if current - set().union(*self._lineage.values()):
            # There is a revision that we do not know: a newer release has migrated, which older code
            # must live with. Only a branch that stands at one of our own older revisions is behind.
            behind = {head for head in behind if current & self._lineage[head]}
        return sorted(behind)

    @cached_property
    def _lineage(self) -> dict[str, set[str]]:
        """Each head with all revisions that lead to it; read once, as the files are those of this release."""
        scripts = ScriptDirectory.from_config(migrate.get_config())  # type: ignore[arg-type]  # the stubs' own Config
        return {
            head: {script.revision for script in scripts.iterate_revisions(head, "base")}
            for head in scripts.get_heads()
        }


def check_indexes() -> str | None:
    """Whether all indexes can be used: one whose making was broken off stays, and is never read."""
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
    """Whether letters beyond ASCII are letters to trigrams: without them typing errors in Cyrillic, Greek,
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
        return None  # no such extension: nothing was migrated yet
    except SQLAlchemyError:
        return "cannot be read"
    if known:
        return None
    return (
        "LC_CTYPE knows ASCII only: move the data by pg_dump into a database made by"
        " `createdb -T template0 -E UTF8 --lc-ctype=C.UTF-8 NAME`"
    )


class ZonesCheck:
    """Whether the database knows the zones of the cities: else nobody could tell who is free there. Asked
    until it does. Whether its rules are those of the program is told once, in the log.
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
        """Those that have another offset some day of the coming year here than there."""
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
