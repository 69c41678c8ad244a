"""Translates errors of the database into the program's own."""

from collections.abc import Mapping

import psycopg2
from psycopg2 import errorcodes
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    PendingRollbackError,
    SQLAlchemyError,
    TimeoutError as PoolTimeout,
)
from sqlalchemy.orm.exc import StaleDataError

from marketplace.kernel.errors import AppError, Conflict, Invalid, PreconditionFailed, Unavailable
from marketplace.kernel.texts import Text

Constraints = Mapping[str, type[AppError]]
"""Constraint name -> the error that breaking it means."""


class ResourceBusy(Conflict):
    """Somebody else is changing the same thing at this moment, and did not finish in time."""

    code = "resource_busy"
    title = "Somebody else is changing this right now; try again"
    remedy = "Send the request again after a moment; nothing was stored."


class ReadOnly(Unavailable):
    """The database takes no writes: it is a standby or set to read-only. Reads go on."""

    def __init__(self) -> None:
        super().__init__(Text("The database takes no changes at the moment; try again later"))


class SchemaAway(Unavailable):
    """Something that the program's statements name is not in the database.

    Either migrations are missing or under way, or the program is wrong. Code that answers with this error
    reports it as a defect, too.
    """

    def __init__(self) -> None:
        super().__init__(Text("The database is not ready; try again later"))


class ReferenceMissing(Invalid):
    """The request refers to something that does not exist, or removes something that others still refer
    to.
    """

    code = "reference_missing"
    title = "The request refers to something that does not exist or is still in use"
    remedy = "Check the ids in the request. Before deleting, remove what still refers to the resource."


class AlreadyExists(Conflict):
    """A value that must be unique is taken, and no more specific code describes it."""

    code = "already_exists"
    title = "This already exists"
    remedy = "Use the resource that is there already, or choose another value."


class ValueUnknown(Invalid):
    """A value has the right form, but the database does not know it, as it may be with a very new time
    zone.
    """

    code = "unknown_value"
    title = "The database does not know a value of the request, such as its time zone; send another"
    remedy = "Send a more common value, such as the time zone of the nearest large city."


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
