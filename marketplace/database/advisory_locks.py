"""Advisory locks of a transaction, by name: for things that have no row to lock."""

from typing import Any

from sqlalchemy import ColumnElement, func


def transaction_lock(name: str | ColumnElement[str]) -> ColumnElement[Any]:
    """SQL that waits for the lock `name`; the lock ends with the transaction."""
    return func.pg_advisory_xact_lock(func.hashtextextended(name, 0))


def try_transaction_lock(name: str | ColumnElement[str]) -> ColumnElement[bool]:
    """SQL that takes the lock `name` for the rest of the transaction, or is false when it is taken."""
    return func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0))
