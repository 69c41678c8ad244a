"""What happens in moderation."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ChangeSubmitted(DomainEvent):
    """An edit waits for staff."""

    name: ClassVar[str] = "change.submitted"
    change_id: int
    subject_type: str
    subject_id: int
    field_name: str


@dataclass(frozen=True, kw_only=True)
class ChangeDecided(DomainEvent):
    """Staff decided on an edit; `status` is `approved`, `rejected` or `revision_requested`."""

    name: ClassVar[str] = "change.decided"
    change_id: int
    subject_type: str
    subject_id: int
    field_name: str
    requested_by: int
    status: str
