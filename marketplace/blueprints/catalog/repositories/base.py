"""What the repositories of the catalog share: pages, rows by id, and who the public may see."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlalchemy.exc import IntegrityError

from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import AppError, NotFound
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.performers import Performer

Filters = Mapping[str, Any]
Columns = Select[*tuple[Any, ...]]
Cells = Row[*tuple[Any, ...]]


def performer_is_public() -> ColumnElement[bool]:
    """Performers that the public may see: approved, switched on, of an active user."""
    return and_(Performer.active, Performer.status == "approved", User.is_active, User.deleted_at.is_(None))


class CatalogRepository(SqlRepository):
    """What the repositories of the catalog share."""

    def __init__(self, uow: SqlUnitOfWork, cursors: CursorSigner) -> None:
        super().__init__(uow)
        self._cursors = cursors

    def page(self, name: str, statement: Columns, page: PageRequest, filters: Filters) -> Page[Cells]:
        """One page; its cursors are bound to the list `name` and the filters."""
        # The helper is typed for one column; any number will do.
        found: Any = statement
        return fetch_page(self.session, found, page, self._cursors, name=name, filters=filters)

    def one(self, kind: type[Any], row_id: int, *, lock: bool) -> Any:
        """The row of `kind`, locked if asked. Raises NotFound."""
        statement = select(kind).where(kind.id == row_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        found = self.session.execute(statement).scalar_one_or_none()
        if found is None:
            raise NotFound
        return found

    def insert(self, row: object) -> None:
        """Store `row`; its id and defaults are set afterwards."""
        self.session.add(row)
        self.session.flush()

    def remove(self, row: object, in_use: type[AppError] | None = None) -> None:
        """Delete `row`; a foreign key that still points at it raises `in_use`."""
        self.session.delete(row)
        try:
            self.session.flush()
        except IntegrityError as error:
            # Asked by deleting: a look beforehand would race with whoever begins to use it.
            if in_use is None:
                raise
            raise in_use from error


def only(page: Page[Cells]) -> Page[Any]:
    """The page of the first column: of entities."""
    return Page(items=[row[0] for row in page.items], next=page.next, previous=page.previous)
