"""The use cases of moderation."""

from marketplace.blueprints.moderation.services.audit import AuditLog, Origin
from marketplace.blueprints.moderation.services.bulk import BulkChanges, BulkDecisions, BulkResult
from marketplace.blueprints.moderation.services.changes import ChangeRequests
from marketplace.blueprints.moderation.services.claims import Claims
from marketplace.blueprints.moderation.services.reports import Reports
from marketplace.blueprints.moderation.services.statistics import Statistics, StatisticsReport

__all__ = [
    "AuditLog",
    "BulkChanges",
    "BulkDecisions",
    "BulkResult",
    "ChangeRequests",
    "Claims",
    "Origin",
    "Reports",
    "Statistics",
    "StatisticsReport",
]
