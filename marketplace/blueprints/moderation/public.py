"""Functions of moderation that other domains may call."""

from marketplace.blueprints.moderation.contracts import AuditLog, ChangeRequests
from marketplace.blueprints.moderation.wiring import Moderation
from marketplace.web.runtime import Runtime


def change_requests(parts: Runtime) -> ChangeRequests:
    """Edits of moderated fields that wait for staff."""
    return parts.get(Moderation).changes


def audit(parts: Runtime) -> AuditLog:
    """The audit log."""
    return parts.get(Moderation).audit
