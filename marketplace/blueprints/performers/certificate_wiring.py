"""Builds the services of certificates."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.integrations import public as integrations
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.performers.certificate_watch import CertificateWatch
from marketplace.blueprints.performers.certificates import (
    KIND,
    CertificateDecisions,
    CertificateService,
    Shelf,
    Verification,
)
from marketplace.blueprints.performers.ports import PerformerDirectory
from marketplace.blueprints.performers.repositories import SqlCertificateRepository
from marketplace.web.runtime import Runtime

FOLDER = f"{integrations.PRIVATE_FOLDER}/certificates"


@dataclass(frozen=True)
class Certificates:
    """The services of certificates."""

    own: CertificateService
    decisions: CertificateDecisions
    watch: CertificateWatch
    shelf: Shelf


def build_certificates(parts: Runtime, directory: PerformerDirectory) -> Certificates:
    """Wire services to their adapters; let links open the files, and the export hold the rows."""
    uow, clock, files = parts.uow, parts.clock, integrations.files(parts)
    audit, mailer = moderation.audit(parts), integrations.mailer(parts)
    rows = SqlCertificateRepository(uow, parts.cursors)
    shelf = Shelf(rows, integrations.private_files(parts), clock)
    verification = Verification(uow, rows, audit, clock)

    def find(certificate_id: int, right: str) -> integrations.PrivateFile | None:
        # Its transaction ends here, before the file is read.
        with uow:
            found = shelf.find_file(certificate_id, right)
        if found is None:
            return None
        name = _name(found.id, found.file_key)
        return integrations.PrivateFile(found.file_key, found.content_type, name)

    def files_of(user_id: int) -> Iterator[accounts.ExportFile]:
        for certificate_id, key in rows.list_keys(user_id):
            yield accounts.ExportFile(f"certificates/{_name(certificate_id, key)}", key)

    integrations.private_files(parts).register(KIND, find)
    accounts.register_export(parts, accounts.ExportSection("certificates", rows.section, files_of))
    documents = integrations.documents(parts)
    return Certificates(
        own=CertificateService(
            uow,
            rows,
            shelf,
            verification,
            accounts.picture_allowance(parts),
            documents,
            files,
            FOLDER,
            clock,
        ),
        decisions=CertificateDecisions(uow, rows, shelf, verification, directory, audit, clock),
        watch=CertificateWatch(uow, rows, verification, mailer, files, FOLDER, clock),
        shelf=shelf,
    )


def _name(certificate_id: int, key: str) -> str:
    """What a certificate's file is called where somebody saves it."""
    return f"certificate-{certificate_id}.{key.rpartition('.')[2]}"
