"""How migrations run: one at a time, each in a transaction of its own, never waiting long for a lock."""

import re
import time

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import OperationalError

from marketplace.extensions import db
from marketplace.models import Base

MIGRATION_LOCK = 0x6D61726B6574  # any number that nothing else locks
LOCK_TIMEOUT = "SET lock_timeout = '1s'"
LIMITS = (LOCK_TIMEOUT, "SET statement_timeout = '5s'")
TURN_SECONDS = 0.1
CONCURRENTLY = re.compile(r"\s*(CREATE|DROP|REINDEX)\s.*\bCONCURRENTLY\b", re.IGNORECASE)
PATIENT = "SET lock_timeout = '2min'"
"""For work on indexes beside a running program: it locks out no reader and no writer, and waits for every
transaction that began before it, which may take longer than a second. More than two minutes is forgotten."""
INVALID = text(
    """
    SELECT format('%I.%I', space.nspname, class.relname) AS name,
           class.relname ~ '_cc(new|old)[0-9]*$' AS remains
    FROM pg_index AS i
    JOIN pg_class AS class ON class.oid = i.indexrelid AND class.relkind = 'i'
    JOIN pg_namespace AS space ON space.oid = class.relnamespace
    WHERE NOT i.indisvalid AND space.nspname = ANY (current_schemas(false))
      AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = i.indexrelid)
    """
)
"""Indexes whose making was broken off, and not those that somebody is making just now."""


def include_object(
    _object: object, name: str | None, kind: str, reflected: bool, _compare_to: object
) -> bool:
    """Tables that are in the database but in no model belong to plugins that are not loaded."""
    return not (kind == "table" and reflected and name not in Base.metadata.tables)


def run_offline() -> None:
    """Print SQL, for review and for squawk."""
    context.configure(
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},  # or each percent sign comes out twice
        transaction_per_migration=True,
    )
    for setting in LIMITS:
        context.execute(setting)
    with context.begin_transaction():
        context.run_migrations()


def connect() -> Connection:
    """A connection. Raises CommandError, which Flask-Migrate shows as one line, when there is none."""
    try:
        return db.engine.connect()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise CommandError(f"the database does not answer: {reason}") from None


def take_turn(connection: Connection) -> None:
    """Wait until nobody else migrates. Between two looks no transaction is open: its snapshot would be what a
    CREATE INDEX CONCURRENTLY of the other one waits for.
    """
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}):
        connection.commit()
        time.sleep(TURN_SECONDS)
    connection.commit()


def be_patient(connection: Connection) -> None:
    """Let each statement CONCURRENTLY wait for its locks; all others give up after a second."""

    @event.listens_for(connection, "before_cursor_execute")
    def before(_c: object, cursor: DBAPICursor, statement: str, *_: object) -> None:
        if CONCURRENTLY.match(statement):
            cursor.execute(PATIENT)

    @event.listens_for(connection, "after_cursor_execute")
    def after(_c: object, cursor: DBAPICursor, statement: str, *_: object) -> None:
        if CONCURRENTLY.match(statement):
            cursor.execute(LOCK_TIMEOUT)


def refuse_former(connection: Connection) -> None:
    """Raise CommandError where the database is at a revision that a newer one stands for (its `replaces`):
    what leads from there to here is in an older release.
    """
    try:
        scripts = list(context.script.walk_revisions())
    except KeyError as error:
        raise CommandError(f"a migration depends on revision {error}, which is not there") from None
    current = set(context.get_context().get_current_heads())
    connection.commit()
    for script in scripts:
        for former in current.intersection(getattr(script.module, "replaces", ())):
            raise CommandError(
                f"the database is at revision {former}, and this release begins with {script.revision}: "
                f"run `flask db upgrade` of the last release that has {former} first"
            )


def forget_implied(connection: Connection) -> None:
    """Take out of Alembic's table what another revision there depends on, as Alembic itself does.

    From both it refuses to go on; there are both where a plugin came to depend on a head afterwards.
    """
    current = set(context.get_context().get_current_heads())
    implied = {
        step.revision
        for revision in current
        for step in context.script.iterate_revisions(revision, "base")
        if step.revision != revision
    }
    if current & implied:
        connection.execute(
            text("DELETE FROM alembic_version WHERE version_num = ANY (:implied)"),
            {"implied": sorted(current & implied)},
        )
    connection.commit()


def mend_indexes(connection: Connection) -> None:
    """Make the indexes whole whose making was broken off: IF NOT EXISTS would take them as they are, and
    PostgreSQL keeps them without ever using them.
    """
    invalid = connection.execute(INVALID).all()
    connection.commit()
    if not invalid:
        return
    with context.get_context().autocommit_block():
        connection.execute(text("SET statement_timeout = 0"))
        for name, remains in invalid:
            verb = "DROP INDEX CONCURRENTLY IF EXISTS" if remains else "REINDEX INDEX CONCURRENTLY"
            connection.execute(text(f"{verb} {name}"))
        connection.execute(text(LIMITS[1]))


def run_online() -> None:
    """Apply to the database of the application. Two operators at once take turns."""
    with connect() as connection:
        take_turn(connection)
        # A migration that cannot have its lock in a second gives up, rather than queue everybody behind it.
        for setting in LIMITS:
            connection.execute(text(setting))
        connection.commit()
        be_patient(connection)
        try:
            configured = current_app.extensions["migrate"].configure_args
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                transaction_per_migration=True,
                include_object=include_object,
                **configured,
            )
            refuse_former(connection)
            with context.begin_transaction():
                if "destination_rev" in context.get_context().opts:  # not where it only looks
                    forget_implied(connection)
                    mend_indexes(connection)
                context.run_migrations()
        finally:
            connection.rollback()
            connection.execute(text("RESET lock_timeout"))
            connection.execute(text("RESET statement_timeout"))
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
