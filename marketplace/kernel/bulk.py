"""Bulk decisions: the outcome for each subject, and the state needed to undo it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

CHANGED_SINCE = "changed_since"
"""The code of a subject that has changed since the decision."""


@dataclass(frozen=True)
class Moved:
    """A subject that a decision changed; the columns that it set, `before` and `after`, as JSON by column."""

    id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class BulkOutcome:
    """For each id the code of the error that prevented it, None for success; and the subjects that changed,
    which may be fewer: one that already had the wanted state is no failure.
    """

    codes: Mapping[int, str | None]
    moved: Sequence[Moved] = field(default=())


def state(**columns: Any) -> dict[str, Any]:
    """The values of columns, as JSON; equal times give equal text."""
    return {name: _as_json(value) for name, value in columns.items()}


def moment(text: str | None) -> datetime | None:
    """The time that `state` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def _as_json(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
