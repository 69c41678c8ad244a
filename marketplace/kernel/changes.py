"""Field strategies: how each field of a subject is read, compared and applied, and what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Change:
    """One field that really changed; `old` and `new` are values that JSON knows."""

    field: str
    old: Any
    new: Any


class FieldStrategy(Protocol):
    """How one field is handled; registered per field by the plugin that owns the subject."""

    def read(self, subject: Any) -> Any:
        """The present value, as JSON."""
        ...

    def apply(self, subject: Any, value: Any) -> None:
        """Set the field to `value`, which is as JSON. Raises an AppError when it no longer can."""
        ...


@dataclass(frozen=True)
class Attribute:
    """The plain strategy: an attribute of the subject that JSON can hold as it is."""

    name: str

    def read(self, subject: Any) -> Any:
        return getattr(subject, self.name)

    def apply(self, subject: Any, value: Any) -> None:
        setattr(subject, self.name, value)


def diff(subject: Any, values: Mapping[str, Any], strategies: Mapping[str, FieldStrategy]) -> list[Change]:
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
