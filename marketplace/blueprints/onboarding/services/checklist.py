"""The onboarding checklist: what a performer has done and may still do, computed from the stored data."""

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.blueprints.onboarding.ports import ChecklistRepository
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal, own_performer_id

REQUIRED = ("contact_confirmed", "about", "category", "service", "approved")
"""Without these, nobody finds or books the performer."""
RECOMMENDED = ("schedule", "avatar", "portfolio", "certificate")
"""These help customers to find and to choose a performer. They are shown in this order, after the required
ones.
"""


@dataclass(frozen=True)
class ChecklistItem:
    """`pending` means that what was done waits for staff."""

    code: str
    done: bool
    pending: bool
    required: bool


@dataclass(frozen=True)
class Checklist:
    """`complete` means that all required items are done."""

    items: Sequence[ChecklistItem]
    complete: bool


class ChecklistService:
    """Reads the onboarding checklist."""

    def __init__(self, rows: ChecklistRepository, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    def get(self, caller: Principal) -> Checklist:
        """The caller's own checklist."""
        done, pending = self._rows.facts(own_performer_id(caller), self._clock.now())
        items = [
            ChecklistItem(code, code in done, code in pending, code in REQUIRED)
            for code in (*REQUIRED, *RECOMMENDED)
        ]
        return Checklist(items, complete=all(item.done for item in items if item.required))
