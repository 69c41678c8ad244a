"""What the database refuses or fails at, told in the program's own errors."""

from collections.abc import Mapping

import psycopg2
from psycopg2 import errorcodes
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from marketplace.kernel.errors import AppError, Conflict, Invalid, PreconditionFailed, Unavailable

Constraints = Mapping[str, type[AppError]]
"""Constraint name -> the error that breaking it means."""


class ResourceBusy(Conflict):
    """Somebody else holds the row (lock timeout, deadlock, serialization failure)."""

    code = "resource_busy"
    title = "Somebody else is changing this right now; try again"


class ReadOnly(Unavailable):
    """The database takes no writes: a standby, or one that was told so. Reads go on."""

    def __init__(self) -> None:
        super().__init__("The database takes no changes at the moment; try again later")


class SchemaAway(Unavailable):
    """Something that the program's statements name is not in the database.

    Migrations are missing or under way, and it will be there; or the program is wrong. Who answers with this
    reports it as a defect, too.
    """

    def __init__(self) -> None:
        super().__init__("The database is not ready; try again later")


class ReferenceMissing(Invalid):
    """A foreign key points at nothing, or something still points here."""

    code = "reference_missing"
    title = "The request refers to something that does not exist or is still in use"


class AlreadyExists(Conflict):
    """A unique value is taken, and the domain gave the constraint no error of its own."""

    code = "already_exists"
    title = "This already exists"


class ValueUnknown(Invalid):
    """A value has the right form, and means nothing to the database."""

    code = "unknown_value"
    title = "The database does not know a value of the request, such as its time zone; send another"


_BUSY = {
    errorcodes.LOCK_NOT_AVAILABLE,
    errorcodes.DEADLOCK_DETECTED,
    errorcodes.SERIALIZATION_FAILURE,
}
_AWAY = {
    errorcodes.UNDEFINED_TABLE,
    errorcodes.UNDEFINED_COLUMN,
    errorcodes.UNDEFINED_FUNCTION,
    errorcodes.UNDEFINED_OBJECT,
    errorcodes.INVALID_SCHEMA_NAME,
}
_UNAVAILABLE_CLASSES = {"08", "53", "57", "58"}  # connection, resources, operator intervention, system

_LOST_BEFORE = "8s2b"
"""SQLAlchemy's code for statements after one that lost the connection, in the same transaction."""


def translate(error: SQLAlchemyError, constraints: Constraints) -> AppError | None:
    """The AppError that `error` means; None when it is a defect of the program."""
    if isinstance(error, StaleDataError):
        return PreconditionFailed()
    if isinstance(error, PoolTimeout):
        return Unavailable("All database connections are busy; try again in a moment", retry_after=1)
    if isinstance(error, PendingRollbackError) and error.code == _LOST_BEFORE:
        return _no_answer()
    if isinstance(error, IntegrityError):
        return _integrity(error, constraints)
    if isinstance(error, DBAPIError):
        return _failure(error)
    return None


def _failure(error: DBAPIError) -> AppError | None:
    code = getattr(error.orig, "pgcode", None)
    if code in _BUSY:
        return ResourceBusy()
    if code == errorcodes.INVALID_PARAMETER_VALUE:
        return ValueUnknown()
    if code == errorcodes.READ_ONLY_SQL_TRANSACTION:
        return ReadOnly()
    if code in _AWAY:
        return SchemaAway()
    # Without SQLSTATE, the connection broke or could not be made.
    lost = code is None and isinstance(error.orig, (psycopg2.OperationalError, psycopg2.InterfaceError))
    if lost or error.connection_invalidated or (code or "")[:2] in _UNAVAILABLE_CLASSES:
        return _no_answer()
    return None


def _no_answer() -> Unavailable:
    return Unavailable("The database does not answer; try again in a moment", retry_after=1)


def _integrity(error: IntegrityError, constraints: Constraints) -> AppError | None:
    code = getattr(error.orig, "pgcode", None)
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    known = constraints.get(name)
    if known is not None:
        return known()
    if code == errorcodes.FOREIGN_KEY_VIOLATION:
        return ReferenceMissing()
    if code in {errorcodes.UNIQUE_VIOLATION, errorcodes.EXCLUSION_VIOLATION}:
        return AlreadyExists()
    return None
