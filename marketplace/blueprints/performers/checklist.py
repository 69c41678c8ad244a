"""The onboarding checklist: what a performer has done and may still do, computed from what is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.blueprints.performers.policies import own_performer_id
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal

REQUIRED = ("contact_confirmed", "about", "category", "service", "approved")
"""Without these nobody finds or books the performer."""
RECOMMENDED = ("schedule", "avatar", "portfolio", "certificate")
"""These help customers to find and to choose. In the order in which they are shown, after the required."""


@dataclass(frozen=True)
class ChecklistItem:
    """`pending` means that what was done waits for staff."""

    code: str
    done: bool
    pending: bool
    required: bool


@dataclass(frozen=True)
class Checklist:
    """`complete` when all that is required is done."""

    items: Sequence[ChecklistItem]
    complete: bool


class ChecklistRepository(Protocol):
    def facts(self, performer_id: int, now: datetime) -> tuple[set[str], set[str]]:
        """The codes of what is done, and of what waits for staff. Raises NotFound."""
        ...


class ChecklistService:
    """What is done of the onboarding."""

    def __init__(self, rows: ChecklistRepository, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    def get(self, caller: Principal) -> Checklist:
        """The caller's own."""
        done, pending = self._rows.facts(own_performer_id(caller), self._clock.now())
        items = [
            ChecklistItem(code, code in done, code in pending, code in REQUIRED)
            for code in (*REQUIRED, *RECOMMENDED)
        ]
        return Checklist(items, complete=all(item.done for item in items if item.required))
