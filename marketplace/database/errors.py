"""What the database refuses or fails at, told in the program's own errors."""

from collections.abc import Mapping

from psycopg2 import errorcodes
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from marketplace.kernel.errors import AppError, Conflict, Invalid, PreconditionFailed, Unavailable

Constraints = Mapping[str, type[AppError]]
"""Constraint name -> the error that breaking it means."""


class ResourceBusy(Conflict):
    """Somebody else holds the row (lock timeout, deadlock, serialization failure)."""

    code = "resource_busy"
    title = "Somebody else is changing this right now; try again"


class ReferenceMissing(Invalid):
    """A foreign key points at nothing, or something still points here."""

    code = "reference_missing"
    title = "The request refers to something that does not exist or is still in use"


class AlreadyExists(Conflict):
    """A unique value is taken, and the domain gave the constraint no error of its own."""

    code = "already_exists"
    title = "This already exists"


_BUSY = {
    errorcodes.LOCK_NOT_AVAILABLE,
    errorcodes.DEADLOCK_DETECTED,
    errorcodes.SERIALIZATION_FAILURE,
}
_UNAVAILABLE_CLASSES = {"08", "53", "57", "58"}  # connection, resources, operator intervention, system


def translate(error: SQLAlchemyError, constraints: Constraints) -> AppError | None:
    """The AppError that `error` means; None when it is a defect of the program."""
    if isinstance(error, StaleDataError):
        return PreconditionFailed()
    if isinstance(error, PoolTimeout):
        return Unavailable("All database connections are busy; try again in a moment", retry_after=1)
    if not isinstance(error, DBAPIError):
        return None
    code = getattr(error.orig, "pgcode", None)
    if isinstance(error, IntegrityError):
        return _integrity(error, code, constraints)
    if code in _BUSY:
        return ResourceBusy()
    if error.connection_invalidated or code is None or code[:2] in _UNAVAILABLE_CLASSES:
        # No SQLSTATE: the connection broke or could not be made.
        if code is None and not _is_connection_error(error):
            return None
        return Unavailable("The database does not answer; try again in a moment", retry_after=1)
    return None


def _is_connection_error(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in {"OperationalError", "InterfaceError"}


def _integrity(error: IntegrityError, code: str | None, constraints: Constraints) -> AppError | None:
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    known = constraints.get(name)
    if known is not None:
        return known()
    if code == errorcodes.FOREIGN_KEY_VIOLATION:
        return ReferenceMissing()
    if code in {errorcodes.UNIQUE_VIOLATION, errorcodes.EXCLUSION_VIOLATION}:
        return AlreadyExists()
    return None
