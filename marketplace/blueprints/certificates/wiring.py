"""Builds the services of certificates."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.certificates.repositories.certificates import SqlCertificateRepository
from marketplace.blueprints.certificates.repositories.statistics import SqlStatistics
from marketplace.blueprints.certificates.services.decisions import CertificateDecisions
from marketplace.blueprints.certificates.services.intake import Intake
from marketplace.blueprints.certificates.services.own import OwnCertificates
from marketplace.blueprints.certificates.services.proofs import ProofService
from marketplace.blueprints.certificates.services.shelf import Shelf
from marketplace.blueprints.certificates.services.watch import CertificateWatch
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.performers import public as performers
from marketplace.kernel.personal_data import ExportFile
from marketplace.outside.ports import PrivateFile
from marketplace.outside.private_files import FOLDER as PRIVATE_FOLDER
from marketplace.web.runtime import Runtime, runtime

FOLDER = f"{PRIVATE_FOLDER}/certificates"


@dataclass(frozen=True)
class Certificates:
    """The services of certificates."""

    own: OwnCertificates
    intake: Intake
    decisions: CertificateDecisions
    proofs: ProofService
    watch: CertificateWatch
    shelf: Shelf
    rows: SqlCertificateRepository
    numbers: SqlStatistics


def build(parts: Runtime) -> Certificates:
    """Wire services to their adapters."""
    uow, clock, outside = parts.uow, parts.clock, parts.outside
    rows = SqlCertificateRepository(uow, parts.cursors)
    shelf = Shelf(rows, outside.private_files, clock)
    proofs = ProofService(uow, rows, performers.verification(parts), clock)
    intake = Intake(uow, rows, outside.documents, outside.files, FOLDER, clock)
    return Certificates(
        own=OwnCertificates(uow, rows, shelf, intake, proofs, accounts.picture_allowance(parts), clock),
        intake=intake,
        decisions=CertificateDecisions(uow, rows, shelf, proofs, moderation.audit(parts), clock),
        proofs=proofs,
        watch=CertificateWatch(
            uow,
            rows,
            proofs,
            accounts.users(parts),
            accounts.notifier(parts),
            outside.files,
            FOLDER,
            clock,
        ),
        shelf=shelf,
        rows=rows,
        numbers=SqlStatistics(uow),
    )


def certificates() -> Certificates:
    """The services of the current application."""
    return runtime().get(Certificates)


def find_file(certificate_id: int, right: str) -> PrivateFile | None:
    """The file that a link opens, as long as its right holds."""
    # The transaction ends here, before the file is read.
    with runtime().uow:
        found = certificates().shelf.find_file(certificate_id, right)
    if found is None:
        return None
    return PrivateFile(found.file_key, found.content_type, _name(found.id, found.file_key))


def files_of(user_id: int) -> Iterator[ExportFile]:
    """The files for an export."""
    for certificate_id, key in certificates().rows.list_keys(user_id):
        yield ExportFile(f"certificates/{_name(certificate_id, key)}", key)


def _name(certificate_id: int, key: str) -> str:
    """The file name for saving a certificate."""
    return f"certificate-{certificate_id}.{key.rpartition('.')[2]}"
