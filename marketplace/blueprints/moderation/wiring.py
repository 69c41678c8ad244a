"""Builds the services of moderation."""

from dataclasses import dataclass

from flask import has_request_context, request

from marketplace.blueprints.moderation.policies import objection, report_objection
from marketplace.blueprints.moderation.ports import ChangeView, ReportView
from marketplace.blueprints.moderation.repositories import (
    SqlAuditRepository,
    SqlChangeRepository,
    SqlOperationRepository,
    SqlPersonalRecords,
    SqlReportRepository,
    SqlStatistics,
    change_claims,
    report_claims,
)
from marketplace.blueprints.moderation.services import (
    AuditLog,
    BulkChanges,
    BulkDecisions,
    ChangeRequests,
    Claims,
    Origin,
    Reports,
    Statistics,
)
from marketplace.web.request_id import current_request_id
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Moderation:
    """The services of moderation."""

    changes: ChangeRequests
    audit: AuditLog
    bulk: BulkDecisions
    reports: Reports
    change_claims: Claims[ChangeView]
    report_claims: Claims[ReportView]
    personal: SqlPersonalRecords
    statistics: Statistics


def build(parts: Runtime) -> Moderation:
    """Wire services to their adapters."""
    audit = AuditLog(parts.uow, SqlAuditRepository(parts.uow, parts.cursors), _origin)
    changes = ChangeRequests(parts.uow, SqlChangeRepository(parts.uow, parts.cursors), audit, parts.clock)
    bulk = BulkDecisions(parts.uow, SqlOperationRepository(parts.uow), audit, parts.clock)
    bulk.register(BulkChanges(changes))
    reports = Reports(parts.uow, SqlReportRepository(parts.uow, parts.cursors), audit, parts.clock)
    statistics = Statistics(parts.clock)
    numbers = SqlStatistics(parts.uow)
    for counter in numbers.counters():
        statistics.register_counter(counter)
    for queue in numbers.queues():
        statistics.register_queue(queue)
    return Moderation(
        changes=changes,
        audit=audit,
        bulk=bulk,
        reports=reports,
        change_claims=Claims(
            parts.uow, change_claims(parts.uow), audit, parts.clock, subject="change", objection=objection
        ),
        report_claims=Claims(
            parts.uow,
            report_claims(parts.uow),
            audit,
            parts.clock,
            subject="report",
            objection=report_objection,
        ),
        personal=SqlPersonalRecords(parts.uow),
        statistics=statistics,
    )


def moderation() -> Moderation:
    """The services of the current application."""
    return runtime().get(Moderation)


def _origin() -> Origin:
    return Origin(current_request_id(), request.remote_addr if has_request_context() else None)
