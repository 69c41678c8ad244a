"""Single rows by id: get one for editing, or delete one unless something refers to it."""

from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel.errors import AppError, NotFound

T = TypeVar("T")


def get_row(session: Session, kind: type[T], row_id: int, *, lock: bool = False) -> T:
    """The row of `kind`; if locked, it is reread, and no new reference to it can be made. Raises NotFound."""
    columns: Any = kind
    statement = select(kind).where(columns.id == row_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def delete_row(session: Session, row: object, in_use: type[AppError]) -> None:
    """Delete `row`; a foreign key that still points at it raises `in_use`."""
    session.delete(row)
    try:
        session.flush()
    except IntegrityError as error:
        # The DELETE itself decides: a check before it would race with new references.
        raise in_use from error
