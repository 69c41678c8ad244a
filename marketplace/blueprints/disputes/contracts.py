"""Events of disputes."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class EvidenceEvent(DomainEvent):
    """The fields that all events of evidence have; `actor_id` is the party whose file it is."""

    name: ClassVar[str] = "dispute.evidence"
    evidence_id: int
    order_id: int
    customer_id: int
    performer_user_id: int
    actor_id: int


@dataclass(frozen=True, kw_only=True)
class EvidenceAdded(EvidenceEvent):
    """A party of a disputed order showed a file to the other one and to staff."""

    name: ClassVar[str] = "dispute.evidence_added"


@dataclass(frozen=True, kw_only=True)
class EvidenceRemoved(EvidenceEvent):
    """A party took a file back."""

    name: ClassVar[str] = "dispute.evidence_removed"
