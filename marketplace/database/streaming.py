"""Streams many rows from a cursor on the server: for exports, not for answers."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.orm import Session

BATCH_ROWS = 500


def stream_rows(session: Session, statement: Executable) -> Iterator[dict[str, Any]]:
    """The rows of `statement` by their labels, from a cursor on the server; inside the transaction only."""
    for row in session.execute(statement, execution_options={"yield_per": BATCH_ROWS}):
        yield dict(row._mapping)
