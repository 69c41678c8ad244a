"""Builds the services of disputes."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.disputes.ports import DisputeRecords, EvidenceRepository
from marketplace.blueprints.disputes.repositories.disputes import SqlDisputeRepository
from marketplace.blueprints.disputes.repositories.evidence import SqlEvidenceRepository
from marketplace.blueprints.disputes.repositories.privacy import SqlDisputeRecords
from marketplace.blueprints.disputes.repositories.statistics import SqlStatistics
from marketplace.blueprints.disputes.services.disputes import DisputeService
from marketplace.blueprints.disputes.services.evidence import EvidenceService
from marketplace.blueprints.orders import public as orders
from marketplace.kernel.personal_data import ExportFile
from marketplace.outside.ports import PrivateFile
from marketplace.outside.private_files import FOLDER as PRIVATE_FOLDER
from marketplace.web.runtime import Runtime, runtime

FOLDER = f"{PRIVATE_FOLDER}/evidence"


@dataclass(frozen=True)
class Disputes:
    """The services of disputes."""

    disputes: DisputeService
    evidence: EvidenceService
    evidence_rows: EvidenceRepository
    records: DisputeRecords
    numbers: SqlStatistics


def build(parts: Runtime) -> Disputes:
    """Wire services to their adapters."""
    uow, clock, outside = parts.uow, parts.clock, parts.outside
    rows = SqlDisputeRepository(uow, parts.cursors)
    evidence_rows, records = SqlEvidenceRepository(uow, parts.cursors), SqlDisputeRecords(uow)
    desk = orders.dispute_desk(parts)
    evidence = EvidenceService(
        uow,
        rows,
        evidence_rows,
        records,
        desk,
        accounts.picture_allowance(parts),
        outside.documents,
        outside.files,
        outside.private_files,
        FOLDER,
        clock,
    )
    return Disputes(
        disputes=DisputeService(uow, rows, evidence, desk, clock),
        evidence=evidence,
        evidence_rows=evidence_rows,
        records=records,
        numbers=SqlStatistics(uow, clock),
    )


def disputes() -> Disputes:
    """The services of the current application."""
    return runtime().get(Disputes)


def find_file(evidence_id: int, right: str) -> PrivateFile | None:
    """The file that a link opens, as long as its right holds."""
    # The transaction ends here, before the file is read.
    with runtime().uow:
        found = disputes().evidence.find_file(evidence_id, right)
    if found is None:
        return None
    return PrivateFile(found.file_key, found.content_type, _name(found.id, found.file_key))


def files_of(user_id: int) -> Iterator[ExportFile]:
    """The files for an export."""
    for evidence_id, key in disputes().evidence_rows.list_keys(user_id):
        yield ExportFile(f"evidence/{_name(evidence_id, key)}", key)


def _name(evidence_id: int, key: str) -> str:
    """The file name for saving a piece of evidence."""
    return f"evidence-{evidence_id}.{key.rpartition('.')[2]}"
