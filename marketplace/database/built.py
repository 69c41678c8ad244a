"""Statements that are built once: what a hot path asks again and again is not put together each time."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Result
from sqlalchemy.orm import Session

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def run_once_built(session: Session, statement: Executable, values: Values) -> Result[*tuple[Any, ...]]:
    """Run a statement of a module, whose changing parts are `bindparam`s or columns, in the transaction of
    `session`. Changes of its objects are flushed before; none of them is refreshed after.
    """
    session.flush()
    return session.connection().execute(statement, values)
