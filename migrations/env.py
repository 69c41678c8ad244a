"""How migrations run: one at a time, each in a transaction of its own, never waiting long for a lock."""

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from marketplace.extensions import db
from marketplace.models import Base

MIGRATION_LOCK = 0x6D61726B6574  # any number that nothing else locks
LIMITS = ("SET lock_timeout = '1s'", "SET statement_timeout = '5s'")


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


def run_online() -> None:
    """Apply to the database of the application. Two operators at once take turns."""
    with connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        # A migration that cannot have its lock in a second gives up, rather than queue everybody behind it.
        for setting in LIMITS:
            connection.execute(text(setting))
        connection.commit()
        try:
            configured = current_app.extensions["migrate"].configure_args
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                transaction_per_migration=True,
                include_object=include_object,
                **configured,
            )
            with context.begin_transaction():
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
