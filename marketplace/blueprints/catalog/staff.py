"""What the use cases of staff share, each edit audited; and those for cities."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.events import CityChanged
from marketplace.blueprints.catalog.ports import AuditLog, CityRepository
from marketplace.kernel.changes import Attribute, Change, FieldStrategy, apply, diff
from marketplace.kernel.errors import PreconditionFailed
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import City

T = TypeVar("T")


class Shelf(Protocol[T]):
    """What the three repositories have in common."""

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[T]: ...

    def get(self, row_id: int, /, *, lock: bool = False) -> T: ...

    def add(self, row: T, /) -> None: ...

    def delete(self, row: T, /) -> None: ...


class CurationService(Generic[T]):
    """Create, change and delete the rows of one kind. Subclasses say what a row may be."""

    subject: str
    strategies: Mapping[str, FieldStrategy]

    def __init__(self, uow: UnitOfWork, rows: Shelf[T], audit: AuditLog) -> None:
        self._uow = uow
        self._rows = rows
        self._audit = audit

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[T]:
        """A page of all rows, hidden ones too."""
        return self._rows.list_all(page, filters)

    def get(self, row_id: int) -> T:
        """Raises NotFound."""
        return self._rows.get(row_id)

    def create(self, actor: Principal, values: Mapping[str, Any]) -> T:
        """Raises what the kind's rules refuse."""
        with self._uow:
            self.begin()
            row = self.make(values)
            self.check(row, values)
            self.complete(row)
            self._rows.add(row)
            self.follow(row, [])
            self._write("created", actor, row, before=None, after=self._snapshot(row))
            return row

    def update(self, actor: Principal, row_id: int, values: Mapping[str, Any], expected: int | None) -> T:
        """Raises NotFound, PreconditionFailed, and what the kind's rules refuse."""
        with self._uow:
            self.begin()
            row = self._found(row_id, expected)
            changes = diff(row, self.normal(row, values), self.strategies)
            if changes:
                self.check(row, {change.field: change.new for change in changes})
                apply(row, changes, self.strategies)
                self.complete(row)
                self.follow(row, changes)
                before = {change.field: _json(change.old) for change in changes}
                after = {change.field: _json(change.new) for change in changes}
                self._write("changed", actor, row, before=before, after=after)
            return row

    def delete(self, actor: Principal, row_id: int, expected: int | None) -> None:
        """Raises NotFound, PreconditionFailed, and a Conflict while something refers to the row."""
        with self._uow:
            self.begin()
            row = self._found(row_id, expected)
            before = self._snapshot(row)
            self._rows.delete(row)
            self.gone(row)
            self._write("deleted", actor, row, before=before, after=None)

    def _found(self, row_id: int, expected: int | None) -> T:
        row: Any = self._rows.get(row_id, lock=True)
        if expected is not None and row.version != expected:
            raise PreconditionFailed
        found: T = row
        return found

    def _snapshot(self, row: T) -> dict[str, Any]:
        return {name: _json(strategy.read(row)) for name, strategy in self.strategies.items()}

    def _write(self, action: str, actor: Principal, row: Any, *, before: Any, after: Any) -> None:
        self._audit.write(
            f"{self.subject}.{action}", self.subject, row.id, actor=actor, before=before, after=after
        )
        self._uow.record(self.event(row.id))

    def begin(self) -> None:
        """First in every transaction: the locks that the kind needs."""

    def make(self, values: Mapping[str, Any]) -> T:
        """A new row, not stored."""
        raise NotImplementedError

    def normal(self, row: T, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """`values` of an edit as they will be stored."""
        del row
        return values

    def check(self, row: T, values: Mapping[str, Any]) -> None:
        """Before `values` are applied. Raises an AppError for a row that may not be."""

    def complete(self, row: T) -> None:
        """After `values` are applied: set what follows from them."""

    def follow(self, row: T, changes: Sequence[Change]) -> None:
        """After a row was stored, new (no changes) or edited: what follows for other rows."""

    def gone(self, row: T) -> None:
        """After `row` was deleted: what follows for other rows."""

    def event(self, row_id: int) -> DomainEvent:
        """What is recorded of a change."""
        raise NotImplementedError


def _json(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def attributes(*names: str) -> dict[str, FieldStrategy]:
    """The plain strategy for each of `names`."""
    return {name: Attribute(name) for name in names}


class CityCuration(CurationService[City]):
    """Cities."""

    subject = "city"
    strategies = attributes(
        "name",
        "ascii_name",
        "country_code",
        "admin1",
        "latitude",
        "longitude",
        "timezone",
        "population",
        "alternate_names",
        "is_active",
    )

    def __init__(self, uow: UnitOfWork, rows: CityRepository, audit: AuditLog) -> None:
        super().__init__(uow, rows, audit)

    def normal(self, row: City, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """A new name has a new plain form, unless that is given too."""
        del row
        if "name" not in values or "ascii_name" in values:
            return values
        return {**values, "ascii_name": policies.plain_name(values["name"])}

    def make(self, values: Mapping[str, Any]) -> City:
        """A new city."""
        return City(**{"ascii_name": policies.plain_name(values["name"]), **values})

    def complete(self, row: City) -> None:
        """Keep what is searched in step with the names."""
        row.search_names = policies.search_names(row.name, row.ascii_name, row.alternate_names or ())

    def event(self, row_id: int) -> DomainEvent:
        """CityChanged."""
        return CityChanged(city_id=row_id)
