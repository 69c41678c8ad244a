"""What /health/ready looks at; each check answers within a second or two."""

import redis
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from marketplace.extensions import db, migrate

REDIS_TIMEOUT_SECONDS = 0.5


def check_database() -> str | None:
    """Whether the database answers."""
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "does not answer"
    return None


def check_migrations() -> str | None:
    """Whether every branch of migrations is at its head."""
    script = ScriptDirectory.from_config(migrate.get_config())  # type: ignore[arg-type]  # the stubs' own Config
    try:
        with db.engine.connect() as connection:
            current = set(MigrationContext.configure(connection).get_current_heads())
    except SQLAlchemyError:
        return "cannot be read"
    behind = set(script.get_heads()) - current
    return f"run `flask db upgrade`: {', '.join(sorted(behind))} missing" if behind else None


def check_redis() -> str | None:
    """Whether Redis answers, when it is configured."""
    url = current_app.extensions["marketplace"].settings.redis_url
    if url is None:
        return None
    client = redis.Redis.from_url(
        url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
    )
    try:
        client.ping()
    except redis.RedisError:
        return "does not answer"
    finally:
        client.close()
    return None
