"""Decisions on many things at once, and how they are taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

CHANGED_SINCE = "changed_since"
"""The code of a thing that is no longer as the decision left it."""


@dataclass(frozen=True)
class Moved:
    """A thing that a decision moved; what the decision set, `before` and `after` it, as JSON by column."""

    id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class BulkOutcome:
    """For each id the code of what kept it back, None for success; and what was moved, which may be fewer:
    something that was so already is no failure.
    """

    codes: Mapping[int, str | None]
    moved: Sequence[Moved] = field(default=())


def state(**columns: Any) -> dict[str, Any]:
    """The values of columns, as JSON: two that are the same moment are the same text."""
    return {name: _as_json(value) for name, value in columns.items()}


def moment(text: str | None) -> datetime | None:
    """The time that `state` wrote."""
    return None if text is None else datetime.fromisoformat(text)


def _as_json(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
