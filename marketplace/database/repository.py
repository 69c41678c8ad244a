"""What every SQL repository has: the session of the current unit of work."""

from sqlalchemy.orm import Session

from marketplace.database.unit_of_work import SqlUnitOfWork


class SqlRepository:
    """Base of the adapters in `repositories.py`; holds the SQL of one domain and never commits."""

    def __init__(self, uow: SqlUnitOfWork) -> None:
        self._uow = uow

    @property
    def session(self) -> Session:
        """The session of the current request or job."""
        return self._uow.session
