"""Interfaces that the service of reliability needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.blueprints.reliability.contracts import Figures


@dataclass(frozen=True)
class FirstMessage:
    """The first message that a member of a chat writes in it."""

    performer_id: int
    by_customer: bool


class FiguresRepository(Protocol):
    """The figures of performers."""

    def lock(self, performer_id: int) -> None:
        """Until the transaction ends nobody else recomputes, so that an older count cannot overwrite a newer
        one.
        """
        ...

    def find(self, performer_id: int) -> Figures:
        """The figures of the last count; empty ones when there was no count."""
        ...

    def recompute(self, performer_id: int, now: datetime) -> Figures | None:
        """Count the performer's recent figures again; None when nothing changed."""
        ...

    def list_ids(self, after: int, limit: int) -> Sequence[int]:
        """Ids of performers who have figures, or rows that figures are counted from, ascending."""
        ...

    def find_first_message(self, chat_id: int, sender_id: int, seq: int) -> FirstMessage | None:
        """Message `seq` of a chat, if it is the first one of its sender there; None otherwise."""
        ...
