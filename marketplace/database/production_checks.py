"""Refuses an unsafe database in production; runs once, before anything is served."""

import base64
import logging
from typing import Any

import psycopg2

from marketplace.config import ConfigError, Settings
from marketplace.database.dsn import libpq_dsn

log = logging.getLogger(__name__)

POOLS = 2
"""Pools of each process: one for requests, one for public reads."""
BESIDES = 4
"""Connections of a process outside its pools, for listening."""
DEMO_SALT = "demo-"
"""How the salts of the demo's passwords begin, which everybody knows."""
_DEMO_SALT = base64.b64encode(DEMO_SALT.encode()).decode().rstrip("=")
DEMO_PASSWORD = f"$argon2id$%${_DEMO_SALT}%"
"""What the hashes of the demo's passwords are like."""
_QUERY = """
SELECT rolsuper, current_setting('max_connections')::int
       - current_setting('superuser_reserved_connections')::int
       - coalesce(current_setting('reserved_connections', true)::int, 0)
FROM pg_roles WHERE rolname = current_user
"""
_DEMO = """SELECT coalesce(array_agg(username ORDER BY username), '{}') FROM "user"
WHERE is_staff AND is_active AND deleted_at IS NULL AND password_hash LIKE %s"""
_LEAKS = """
SELECT coalesce(array_agg(name ORDER BY name), '{}') FROM pg_settings
WHERE name = 'log_min_error_statement' AND setting NOT IN ('log', 'fatal', 'panic')
   OR name = 'log_error_verbosity' AND setting <> 'terse'
   OR name = 'log_statement' AND setting IN ('mod', 'all')
   OR name IN ('log_min_duration_statement', 'log_min_duration_sample') AND setting <> '-1'
   OR name = 'log_parameter_max_length_on_error' AND setting <> '0'
"""


def is_of_the_demo(password_hash: str) -> bool:
    """Whether everybody knows the password of this hash."""
    return f"${_DEMO_SALT}" in password_hash


def refuse_unsafe(settings: Settings) -> None:
    """Raises ConfigError that names every fault. A database that is away now is not checked later: the server
    starts without it, as it goes on without it.
    """
    try:
        problems = find_unsafe(settings)
        leaks = find_leaks(settings)
    except psycopg2.OperationalError as error:
        log.warning("the database could not be checked", extra={"reason": type(error).__name__})
        return
    if problems:
        raise ConfigError("refusing to start in production: " + "; ".join(problems))
    if leaks:
        # Only a superuser of PostgreSQL can change it, so it is logged and not refused.
        log.warning(
            "PostgreSQL logs values, passwords' hashes among them; see docs/operators.md",
            extra={"settings": leaks},
        )


def find_unsafe(settings: Settings) -> list[str]:
    """The faults, each named by its setting. Raises OperationalError when the database is away."""
    is_superuser, room = _ask(settings, _QUERY)
    problems = []
    if is_superuser:
        problems.append("the role of DATABASE_URL must not be a superuser")
    wanted = connections(settings)
    if wanted > room:
        problems.append(
            f"WEB_CONCURRENCY x {POOLS} x (DB_POOL_SIZE + DB_MAX_OVERFLOW) takes up to {wanted} connections,"
            f" the database's max_connections leaves {room}"
        )
    known = _find_demo_staff(settings)
    if known:
        problems.append(f"everybody knows the passwords of {', '.join(known)}, made by `flask demo seed`")
    return problems


def _find_demo_staff(settings: Settings) -> list[str]:
    try:
        (names,) = _ask(settings, _DEMO, (DEMO_PASSWORD,))
    except psycopg2.ProgrammingError:
        return []  # no such table before the first migration, or one that this role may not read
    return list(names)


def find_leaks(settings: Settings) -> list[str]:
    """The settings by which the server writes statements or rows into its log. Raises OperationalError."""
    (names,) = _ask(settings, _LEAKS)
    return list(names)


def _ask(settings: Settings, query: str, values: tuple[str, ...] = ()) -> tuple[Any, ...]:
    assert settings.database_url is not None
    connection = psycopg2.connect(
        libpq_dsn(settings.database_url), connect_timeout=settings.db_connect_timeout
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, values or None)
            found = cursor.fetchone()
    finally:
        connection.close()
    assert found is not None
    return found


def connections(settings: Settings) -> int:
    """The most connections that one server opens."""
    return settings.web_concurrency * (POOLS * (settings.db_pool_size + settings.db_max_overflow) + BESIDES)
