"""The base of every SQL repository: the session of the current unit of work, bulk writes and locks."""

from typing import Any, TypeVarTuple, overload

from sqlalchemy import Executable, Result, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TypedReturnsRows

from marketplace.database.advisory_locks import transaction_lock
from marketplace.database.built import Values, run_once_built
from marketplace.database.bulk_update import IN_DATABASE_ALONE
from marketplace.database.unit_of_work import SqlUnitOfWork

Cells = TypeVarTuple("Cells")


class SqlRepository:
    """Base of the adapters in `repositories.py`; holds the SQL of one domain and never commits."""

    def __init__(self, uow: SqlUnitOfWork) -> None:
        self._uow = uow

    @property
    def session(self) -> Session:
        """The session of the current request or job."""
        return self._uow.session

    @overload
    def write(self, statement: TypedReturnsRows[*Cells]) -> Result[*Cells]: ...

    @overload
    def write(self, statement: Executable) -> Result[*tuple[Any, ...]]: ...

    def write(self, statement: Executable) -> Result[*tuple[Any, ...]]:
        """Run an UPDATE or DELETE in the database alone: loaded objects keep their values."""
        return self.session.execute(statement, execution_options=IN_DATABASE_ALONE)

    def run(self, statement: Executable, values: Values) -> Result[*tuple[Any, ...]]:
        """Run a statement of the module with these values in the database alone, as `run_once_built` does."""
        return run_once_built(self.session, statement, values)

    def lock_name(self, name: str) -> None:
        """Wait for the advisory lock `name`, which ends with the transaction."""
        self.session.execute(select(transaction_lock(name)))
