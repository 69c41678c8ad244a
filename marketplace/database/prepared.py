"""Prepared statements for reads, on autocommit connections: no BEGIN, no ping, one round trip.

Reads can be repeated without harm, so a connection that the server has closed is detected by the statement
itself, which is then sent again on a new one. The statements of the most requested lists are prepared, each
once per connection: planning them takes longer than running them. Both need connections that stay with one
session of the server; a pooler in between has to be in session mode.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from psycopg2.errors import FeatureNotSupported, InvalidSqlStatementName
from sqlalchemy import Connection, CursorResult, Engine, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from marketplace.database.engine import READING
from marketplace.database.timeouts import (
    RESET_TIMEOUT,
    StatementTimeout,
    is_statement_timeout,
    with_statement_timeout,
)
from marketplace.extensions import db

_PREPARED = "marketplace_prepared"
_GONE = (FeatureNotSupported, InvalidSqlStatementName)
"""SQLSTATEs of EXECUTE when a migration has changed a column's type, and when the statement is missing."""
_PARAMETER = re.compile(r"%(?:\((\w+)\)s|%)")


@contextmanager
def read_connection(session: Session) -> Iterator[Connection]:
    """A connection for `fetch_all`: one of the autocommit engine; or that of a session inside a transaction,
    which sees the rows that the transaction has written.
    """
    if session.in_transaction() or not isinstance(session.get_bind(), Engine):
        yield session.connection()
        return
    with db.engines[READING].connect() as connection:
        yield connection


def fetch_all(
    connection: Connection,
    sql: str,
    parameters: Mapping[str, Any],
    *,
    prepared: bool = False,
    milliseconds: int | None = None,
) -> list[Row[*tuple[Any, ...]]]:
    """The rows of `sql` on a connection of `read_connection`.

    `prepared` is for a small number of statements whose plan does not depend on the parameters: the server
    keeps it. `milliseconds` limits the statement, in the same round trip; beyond it raises StatementTimeout,
    after which the connection can be used again. Raises DBAPIError.
    """
    if milliseconds is None:
        return _fetch(connection, sql, parameters, prepared=prepared)
    lent = connection.engine is not db.engines[READING]
    try:
        with connection.begin_nested() if lent else nullcontext():
            found = _fetch(connection, with_statement_timeout(sql, milliseconds), parameters)
    except DBAPIError as error:
        if not is_statement_timeout(error):
            raise
        if not lent:
            connection.rollback()
        raise StatementTimeout from error
    if lent:
        connection.exec_driver_sql(RESET_TIMEOUT)
    return found


def _fetch(
    connection: Connection, sql: str, parameters: Mapping[str, Any], *, prepared: bool = False
) -> list[Row[*tuple[Any, ...]]]:
    if connection.engine is not db.engines[READING]:
        return list(connection.exec_driver_sql(sql, dict(parameters)).all())
    ask = _execute_prepared if prepared else Connection.exec_driver_sql
    try:
        return list(ask(connection, sql, dict(parameters)).all())
    except DBAPIError as error:
        if not error.connection_invalidated:
            if not isinstance(error.orig, _GONE):
                raise
            connection.invalidate()
        connection.rollback()
        return list(ask(connection, sql, dict(parameters)).all())


def _execute_prepared(
    connection: Connection, sql: str, parameters: dict[str, Any]
) -> CursorResult[*tuple[Any, ...]]:
    known: dict[str, str] = connection.info.setdefault(_PREPARED, {})
    execute = known.get(sql)
    if execute is None:
        prepare, execute = _prepared(sql)
        connection.exec_driver_sql(prepare, execution_options={"no_parameters": True})
        known[sql] = execute
    return connection.exec_driver_sql(execute, parameters)


def _prepared(sql: str) -> tuple[str, str]:
    """PREPARE and EXECUTE of a statement with %(names)s."""
    names: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return names.setdefault(found[1], f"${len(names) + 1}") if found[1] else "%"

    numbered = _PARAMETER.sub(number, sql)
    name = f"m_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
    values = ", ".join(f"%({name})s" for name in names)
    return f"PREPARE {name} AS {numbered}", f"EXECUTE {name}{f'({values})' if values else ''}"
