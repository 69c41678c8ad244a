"""The engine: pool, timeouts for every statement, Flask-Migrate; and the database's own time."""

from datetime import datetime
from typing import Any

from flask import Flask
from flask_migrate.cli import upgrade  # type: ignore[import-not-found]  # the stubs leave it out
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from marketplace.config import PROJECT_ROOT, Settings
from marketplace.database.deadlines import BudgetedPool, WatchedConnection, WatchedCursor, connect
from marketplace.extensions import db, migrate

READING = "reading"
"""The engine of public reads: a pool of its own, as large as the other one."""
LIST_MS = 2_500
"""The limit of a statement of the public lists; searches by words have less (`database/timeouts.py`)."""
MIGRATIONS = PROJECT_ROOT / "migrations"


def init_app(app: Flask, settings: Settings, url: str) -> None:
    """Configure the database at `url`.

    Every statement ends by `db_statement_timeout_ms`, every wait for a lock by `db_lock_timeout_ms`,
    every wait for a connection by `db_pool_timeout`: no request hangs on the database. All waits together
    end with the caller's budget (`database/deadlines.py`), even when the server does not end them.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "poolclass": BudgetedPool,
        "pool_size": settings.db_pool_size,
        "max_overflow": settings.db_max_overflow,
        "pool_recycle": settings.db_pool_recycle,
        "pool_timeout": settings.db_pool_timeout,
        "pool_pre_ping": True,
        "hide_parameters": True,  # the text of an error goes into logs and job rows; values stay out of it
        "connect_args": connect_args(settings),
    }
    app.config["SQLALCHEMY_BINDS"] = {
        READING: {
            **options,
            "url": url,
            "isolation_level": "AUTOCOMMIT",
            "connect_args": connect_args(settings, min(settings.db_statement_timeout_ms, LIST_MS)),
            "pool_pre_ping": False,  # `reading` asks again
            "pool_use_lifo": True,  # reuses the connections with the most prepared statements
        }
    }
    db.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            event.listen(engine, "do_connect", connect)
    migrate.init_app(app, db, directory=str(MIGRATIONS), compare_type=True)
    _upgrade_every_branch()


def connect_args(settings: Settings, statement_ms: int | None = None) -> dict[str, Any]:
    """The arguments of psycopg2's connect; a statement has `statement_ms`, else `db_statement_timeout_ms`."""
    options = (
        f"-c statement_timeout={statement_ms or settings.db_statement_timeout_ms}"
        f" -c lock_timeout={settings.db_lock_timeout_ms}"
        " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC -c jit=off"
        # Requests are many and small; and the parts of a UNION ALL have to come in their order (listings).
        " -c max_parallel_workers_per_gather=0"
    )
    return {
        "connect_timeout": settings.db_connect_timeout,
        "options": options,
        "application_name": "marketplace",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": 5000,
        "connection_factory": WatchedConnection,
        "cursor_factory": WatchedCursor,
    }


def _upgrade_every_branch() -> None:
    """`flask db upgrade` goes to all heads by default: every plugin has a branch of its own."""
    for parameter in upgrade.params:
        if parameter.name == "revision":
            parameter.default = "heads"


def ask_time(engine: Engine) -> datetime:
    """The database's time, on a connection of its own. Raises OSError when it does not answer."""
    try:
        with engine.connect() as connection:
            now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            return now
    except SQLAlchemyError as error:
        raise OSError("the database does not tell the time") from error
