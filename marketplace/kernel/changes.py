"""Field strategies: how each field is read, compared and applied, and the changes that result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.kernel.errors import AppError, PreconditionFailed


@dataclass(frozen=True)
class Change:
    """One field that really changed; `old` and `new` are values that JSON knows."""

    field: str
    old: Any
    new: Any


class ReadableField(Protocol):
    """How one field is read."""

    def read(self, subject: Any) -> Any:
        """The current value, as JSON."""
        ...


class FieldStrategy(ReadableField, Protocol):
    """How one field is handled; given per field by the domain that owns the subject."""

    def apply(self, subject: Any, value: Any) -> None:
        """Set the field to `value` (as JSON). Raises an AppError when that is no longer possible."""
        ...


class FieldStore(Protocol):
    """The store of the subjects of one kind."""

    def set_each(self, column: str, values: Mapping[int, Any]) -> None:
        """Set `column` of each subject (by id) to its value, and give each a new version; one UPDATE."""
        ...


class ModeratedField(ReadableField, Protocol):
    """A field whose edits wait for staff, who decide on many at once."""

    def write(self, store: FieldStore, values: Mapping[int, Any], /) -> Mapping[int, AppError]:
        """Store the new value (as JSON) of each subject, by id, in a number of statements that does not
        depend on the number of subjects. Gives the ids that were left unchanged, and why.
        """
        ...

    def show(self, values: Sequence[Any], language: str, /) -> Sequence[Any]:
        """The texts that staff sees for `values`: names for ids, addresses for keys."""
        ...


@dataclass(frozen=True)
class Attribute(FieldStrategy, ModeratedField):
    """The plain strategy: an attribute of the subject that JSON can hold unchanged."""

    name: str

    def read(self, subject: Any) -> Any:
        return getattr(subject, self.name)

    def apply(self, subject: Any, value: Any) -> None:
        setattr(subject, self.name, value)

    def write(self, store: FieldStore, values: Mapping[int, Any]) -> Mapping[int, AppError]:
        store.set_each(self.name, values)
        return {}

    def show(self, values: Sequence[Any], _language: str, /) -> Sequence[Any]:
        """The values unchanged."""
        return values


def attributes(*names: str) -> dict[str, FieldStrategy]:
    """The plain strategy for each of `names`."""
    return {name: Attribute(name) for name in names}


def diff(subject: Any, values: Mapping[str, Any], strategies: Mapping[str, ReadableField]) -> list[Change]:
    """The changes that `values` (field -> JSON value) would make to `subject`; equal values are skipped.

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


def check_version(version: int, expected: int | None) -> None:
    """Raises PreconditionFailed when an edit was made for another version; None is any."""
    if expected is not None and version != expected:
        raise PreconditionFailed


def snapshot(subject: Any, strategies: Mapping[str, ReadableField]) -> dict[str, Any]:
    """All fields of `subject` for the audit log, times as text."""
    return {name: _as_text(strategy.read(subject)) for name, strategy in strategies.items()}


def before_and_after(changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The old and the new values of `changes`, for the audit log; times as text."""
    return (
        {change.field: _as_text(change.old) for change in changes},
        {change.field: _as_text(change.new) for change in changes},
    )


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
