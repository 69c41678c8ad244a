"""The SQL of moderation, by subject."""

from marketplace.blueprints.moderation.repositories.audit import SqlAuditRepository
from marketplace.blueprints.moderation.repositories.changes import SqlChangeRepository, change_claims
from marketplace.blueprints.moderation.repositories.claims import SqlClaimRepository
from marketplace.blueprints.moderation.repositories.operations import SqlOperationRepository
from marketplace.blueprints.moderation.repositories.privacy import SqlPersonalRecords
from marketplace.blueprints.moderation.repositories.reports import SqlReportRepository, report_claims
from marketplace.blueprints.moderation.repositories.statistics import SqlStatistics

__all__ = [
    "SqlAuditRepository",
    "SqlChangeRepository",
    "SqlClaimRepository",
    "SqlOperationRepository",
    "SqlPersonalRecords",
    "SqlReportRepository",
    "SqlStatistics",
    "change_claims",
    "report_claims",
]
