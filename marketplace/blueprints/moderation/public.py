"""What other domains may ask of moderation."""

from collections.abc import Iterable

from marketplace.blueprints.moderation.events import (
    ChangeDecided,
    ChangeReopened,
    ChangeSubmitted,
    ReportClosed,
    ReportFiled,
)
from marketplace.blueprints.moderation.ports import BulkAction, ChangeView, ModeratedSubject, Reportable
from marketplace.blueprints.moderation.repositories import SqlPersonalRecords
from marketplace.blueprints.moderation.services import AuditLog, ChangeRequests
from marketplace.blueprints.moderation.wiring import Moderation
from marketplace.kernel.statistics import Counter, Queue
from marketplace.web.runtime import Runtime

__all__ = [
    "AuditLog",
    "BulkAction",
    "ChangeDecided",
    "ChangeReopened",
    "ChangeRequests",
    "ChangeSubmitted",
    "ChangeView",
    "ModeratedSubject",
    "ReportClosed",
    "ReportFiled",
    "Reportable",
    "SqlPersonalRecords",
    "audit",
    "change_requests",
    "personal_records",
    "register_bulk",
    "register_counters",
    "register_queues",
    "register_reportable",
    "register_subject",
]


def change_requests(parts: Runtime) -> ChangeRequests:
    """Where edits of moderated fields wait for staff."""
    return parts.get(Moderation).changes


def audit(parts: Runtime) -> AuditLog:
    """The audit log."""
    return parts.get(Moderation).audit


def personal_records(parts: Runtime) -> SqlPersonalRecords:
    """What moderation holds on one user: for accounts, which come after it."""
    return parts.get(Moderation).personal


def register_subject(parts: Runtime, subject: ModeratedSubject) -> None:
    """Make a domain's subject one whose edits wait for staff."""
    parts.get(Moderation).changes.register(subject)


def register_reportable(parts: Runtime, kind: Reportable) -> None:
    """Let users report a domain's kind of thing."""
    parts.get(Moderation).reports.register(kind)


def register_counters(parts: Runtime, counters: Iterable[Counter]) -> None:
    """Let `GET /admin/stats` count what happens in a domain."""
    for counter in counters:
        parts.get(Moderation).statistics.register_counter(counter)


def register_queues(parts: Runtime, queues: Iterable[Queue]) -> None:
    """Let `GET /admin/stats` tell how much of a domain waits for staff, and how long."""
    for queue in queues:
        parts.get(Moderation).statistics.register_queue(queue)


def register_bulk(parts: Runtime, action: BulkAction) -> None:
    """Serve `POST /admin/<name>/status` for a domain."""
    parts.get(Moderation).bulk.register(action)
