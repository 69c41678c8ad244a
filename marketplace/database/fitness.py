"""What makes the database of a production server unsafe: asked once, before anything is served."""

import logging

import psycopg2

from marketplace.config import ConfigError, Settings
from marketplace.database.dsn import libpq_dsn

log = logging.getLogger(__name__)

POOLS = 2
"""Of each process: one for requests, one for public reads."""
BESIDES = 4
"""Connections of a process outside its pools, for listening."""
_QUERY = """
SELECT rolsuper, current_setting('max_connections')::int
       - current_setting('superuser_reserved_connections')::int
       - coalesce(current_setting('reserved_connections', true)::int, 0)
FROM pg_roles WHERE rolname = current_user
"""


def refuse_unsafe(settings: Settings) -> None:
    """Raises ConfigError that names everything. A database that is away now is not asked later: the server
    starts without it, as it goes on without it.
    """
    try:
        problems = find_unsafe(settings)
    except psycopg2.OperationalError as error:
        log.warning("the database could not be checked", extra={"reason": type(error).__name__})
        return
    if problems:
        raise ConfigError("refusing to start in production: " + "; ".join(problems))


def find_unsafe(settings: Settings) -> list[str]:
    """What is wrong, each named by its setting. Raises OperationalError when the database is away."""
    assert settings.database_url is not None
    connection = psycopg2.connect(
        libpq_dsn(settings.database_url), connect_timeout=settings.db_connect_timeout
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(_QUERY)
            found = cursor.fetchone()
    finally:
        connection.close()
    assert found is not None
    is_superuser, room = found
    problems = []
    if is_superuser:
        problems.append("the role of DATABASE_URL must not be a superuser")
    wanted = connections(settings)
    if wanted > room:
        problems.append(
            f"WEB_CONCURRENCY x {POOLS} x (DB_POOL_SIZE + DB_MAX_OVERFLOW) takes up to {wanted} connections,"
            f" the database's max_connections leaves {room}"
        )
    return problems


def connections(settings: Settings) -> int:
    """How many connections one server may open."""
    return settings.web_concurrency * (POOLS * (settings.db_pool_size + settings.db_max_overflow) + BESIDES)
