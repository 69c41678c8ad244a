"""Builds the services of moderation."""

from dataclasses import dataclass

from flask import has_request_context, request

from marketplace.blueprints.moderation.contracts import BulkAction, ChangeView, ModeratedSubject, Reportable
from marketplace.blueprints.moderation.policies import objection, report_objection
from marketplace.blueprints.moderation.ports import ReportView
from marketplace.blueprints.moderation.repositories.audit import SqlAuditRepository
from marketplace.blueprints.moderation.repositories.changes import SqlChangeRepository, change_claims
from marketplace.blueprints.moderation.repositories.operations import SqlOperationRepository
from marketplace.blueprints.moderation.repositories.records import SqlPersonalRecords
from marketplace.blueprints.moderation.repositories.reports import SqlReportRepository, report_claims
from marketplace.blueprints.moderation.repositories.statistics import SqlStatistics
from marketplace.blueprints.moderation.services.audit import AuditService, Origin
from marketplace.blueprints.moderation.services.bulk import BulkChanges, BulkDecisions
from marketplace.blueprints.moderation.services.changes import ChangeRequestService
from marketplace.blueprints.moderation.services.claims import Claims
from marketplace.blueprints.moderation.services.reports import Reports
from marketplace.blueprints.moderation.services.statistics import Statistics
from marketplace.kernel.statistics import Counter, Queue
from marketplace.web.observability.request_id import current_request_id
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Moderation:
    """The services of moderation."""

    changes: ChangeRequestService
    audit: AuditService
    bulk: BulkDecisions
    reports: Reports
    change_claims: Claims[ChangeView]
    report_claims: Claims[ReportView]
    personal: SqlPersonalRecords
    statistics: Statistics
    numbers: SqlStatistics
    bulk_changes: BulkChanges


def build(parts: Runtime) -> Moderation:
    """Wire services to their adapters."""
    audit = AuditService(parts.uow, SqlAuditRepository(parts.uow, parts.cursors), _origin)
    changes = ChangeRequestService(
        parts.uow,
        SqlChangeRepository(parts.uow, parts.cursors),
        audit,
        parts.clock,
        parts.given(ModeratedSubject),
    )
    bulk = BulkDecisions(
        parts.uow, SqlOperationRepository(parts.uow), audit, parts.clock, parts.given(BulkAction)
    )
    reports = Reports(
        parts.uow,
        SqlReportRepository(parts.uow, parts.cursors),
        audit,
        parts.clock,
        parts.given(Reportable),
    )
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
            shown=reports.with_content,
        ),
        personal=SqlPersonalRecords(parts.uow),
        statistics=Statistics(parts.clock, parts.given(Counter), parts.given(Queue)),
        numbers=SqlStatistics(parts.uow),
        bulk_changes=BulkChanges(changes),
    )


def moderation() -> Moderation:
    """The services of the current application."""
    return runtime().get(Moderation)


def forget_user(user_id: int) -> None:
    """Withdraw and blank what moderation holds on a user."""
    moderation().personal.forget(user_id, runtime().clock.now())


def _origin() -> Origin:
    return Origin(current_request_id(), request.remote_addr if has_request_context() else None)
