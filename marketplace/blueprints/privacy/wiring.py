"""Builds the services of privacy."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.privacy.adapters import ExportLinks
from marketplace.blueprints.privacy.repositories import SqlDueDeletions, SqlExportRepository
from marketplace.blueprints.privacy.services.anonymisation import AnonymisationService
from marketplace.blueprints.privacy.services.exports import ExportService
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Privacy:
    """The services of privacy."""

    exports: ExportService
    anonymisation: AnonymisationService
    export_rows: SqlExportRepository


def build(parts: Runtime) -> Privacy:
    """Wire services to their adapters."""
    uow, clock, audit = parts.uow, parts.clock, moderation.audit(parts)
    export_rows = SqlExportRepository(uow)
    return Privacy(
        exports=ExportService(
            uow,
            accounts.users(parts),
            export_rows,
            ExportLinks(parts.settings.secret_key),
            parts.outside.files,
            accounts.notifier(parts),
            audit,
            clock,
            parts.given(ExportSection),
        ),
        anonymisation=AnonymisationService(uow, SqlDueDeletions(uow), parts.given(Erasure), audit, clock),
        export_rows=export_rows,
    )


def privacy() -> Privacy:
    """The services of the current application."""
    return runtime().get(Privacy)
