"""Field strategies: how each field of a subject is read, compared and applied, and what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from marketplace.kernel.errors import AppError


@dataclass(frozen=True)
class Change:
    """One field that really changed; `old` and `new` are values that JSON knows."""

    field: str
    old: Any
    new: Any


class ReadableField(Protocol):
    """How one field is read."""

    def read(self, subject: Any) -> Any:
        """The present value, as JSON."""
        ...


class FieldStrategy(ReadableField, Protocol):
    """How one field is handled; registered per field by the plugin that owns the subject."""

    def apply(self, subject: Any, value: Any) -> None:
        """Set the field to `value`, which is as JSON. Raises an AppError when it no longer can."""
        ...


class FieldStore(Protocol):
    """Where the subjects of one kind are stored."""

    def set_each(self, column: str, values: Mapping[int, Any]) -> None:
        """Set `column` of each subject (by id) to its value, and give each a new version; one UPDATE."""
        ...


class ModeratedField(ReadableField, Protocol):
    """A field whose edits wait for staff, who decide on many at once."""

    def write(self, store: FieldStore, values: Mapping[int, Any], /) -> Mapping[int, AppError]:
        """Store the new value (as JSON) of each subject, by id, in a number of statements that does not grow
        with theirs. Gives the ids that were left as they are, and why.
        """
        ...

    def show(self, values: Sequence[Any], language: str, /) -> Sequence[Any]:
        """What staff reads in place of each of `values`: names for ids, addresses for keys."""
        ...


@dataclass(frozen=True)
class Attribute:
    """The plain strategy: an attribute of the subject that JSON can hold as it is."""

    name: str

    def read(self, subject: Any) -> Any:
        return getattr(subject, self.name)

    def apply(self, subject: Any, value: Any) -> None:
        setattr(subject, self.name, value)

    def write(self, store: FieldStore, values: Mapping[int, Any]) -> Mapping[int, AppError]:
        """See `ModeratedField`."""
        store.set_each(self.name, values)
        return {}

    def show(self, values: Sequence[Any], _language: str, /) -> Sequence[Any]:
        """As they are."""
        return values


def diff(subject: Any, values: Mapping[str, Any], strategies: Mapping[str, ReadableField]) -> list[Change]:
    """What `values` (field -> JSON value) would change on `subject`; equal values are skipped.

    Raises KeyError for a field without a strategy: a programming error, since schemas refuse unknown keys.
    """
    found = []
    for name, new in values.items():
        old = strategies[name].read(subject)
        if old != new:
            found.append(Change(name, old, new))
    return found


def apply(subject: Any, changes: list[Change], strategies: Mapping[str, FieldStrategy]) -> None:
    """Carry out `changes` on `subject`."""
    for change in changes:
        strategies[change.field].apply(subject, change.new)
