"""The audit log: who did what to whom, written in the same transaction as the act."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.moderation.ports import AuditFilters, AuditRepository, AuditView
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork


@dataclass(frozen=True)
class Origin:
    """The origin of a request."""

    request_id: str | None
    ip: str | None


class AuditService(AuditLog):
    """Writes and lists the audit log; an entry is written in the same transaction as the act."""

    def __init__(self, uow: UnitOfWork, entries: AuditRepository, origin: Callable[[], Origin]) -> None:
        self._uow = uow
        self._entries = entries
        self._origin = origin

    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None:
        self.write_many(action, subject_type, [(subject_id, before, after)], actor=actor, reason=reason)

    def write_many(
        self,
        action: str,
        subject_type: str,
        subjects: Sequence[tuple[int | None, Any, Any]],
        *,
        actor: Principal | None,
        reason: str | None = None,
    ) -> None:
        origin = self._origin()
        common = {
            "actor_id": (actor.acting_admin_id or actor.user_id) if actor else None,
            "on_behalf_of": actor.user_id if actor and actor.acting_admin_id else None,
            "action": action,
            "subject_type": subject_type,
            "reason": reason,
            "request_id": origin.request_id,
            "ip": origin.ip,
        }
        with self._uow:
            self._entries.add(
                [
                    {**common, "subject_id": subject_id, "before": before, "after": after}
                    for subject_id, before, after in subjects
                ]
            )

    def list_entries(self, page: PageRequest, filters: AuditFilters) -> Page[AuditView]:
        """Newest first."""
        return self._entries.list_all(page, filters)
