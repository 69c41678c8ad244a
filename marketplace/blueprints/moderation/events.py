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


@dataclass(frozen=True, kw_only=True)
class ChangeReopened(DomainEvent):
    """Staff took a decision on an edit back: it waits again."""

    name: ClassVar[str] = "change.reopened"
    change_id: int
    subject_type: str
    subject_id: int
    field_name: str
    requested_by: int


@dataclass(frozen=True, kw_only=True)
class ReportFiled(DomainEvent):
    """A user told staff of something."""

    name: ClassVar[str] = "report.filed"
    report_id: int
    content_type: str
    content_id: int


@dataclass(frozen=True, kw_only=True)
class ReportClosed(DomainEvent):
    """Staff decided on a report of `reporter_id`; `outcome` is `upheld` or `dismissed`."""

    name: ClassVar[str] = "report.closed"
    report_id: int
    content_type: str
    content_id: int
    reporter_id: int
    outcome: str
