"""Takes certificates: the file first, outside of a transaction, then the row that waits for staff."""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import BinaryIO

from marketplace.blueprints.certificates import policies
from marketplace.blueprints.certificates.contracts import (
    CertificateIntake,
    CertificateSubmitted,
    NewCertificate,
)
from marketplace.blueprints.certificates.errors import TooManyCertificates
from marketplace.blueprints.certificates.ports import CertificateRecord, CertificateRepository
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Unavailable
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import Document, Documents, FileStore


class Intake(CertificateIntake):
    """Stores files under generated names; the sweep deletes files that nobody adds."""

    def __init__(
        self,
        uow: UnitOfWork,
        certificates: CertificateRepository,
        documents: Documents,
        files: FileStore,
        folder: str,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._documents = documents
        self._files = files
        self._folder = folder
        self._clock = clock

    def look(self, file: BinaryIO) -> int:
        return self._documents.look(file)

    def take(self, file: BinaryIO, owner: int) -> Document:
        return self._documents.take(file, owner)

    def store(self, document: Document, file_name: str | None) -> NewCertificate:
        return self.keep(document, policies.title_of(file_name))

    def keep(
        self,
        document: Document,
        title: str,
        issued_on: date | None = None,
        expires_on: date | None = None,
    ) -> NewCertificate:
        """As `store`, with a given title and dates."""
        key = f"{self._folder}/{secrets.token_hex(16)}.{document.suffix}"
        self._files.put(key, document.content, document.content_type)
        return NewCertificate(
            title=title,
            issued_on=issued_on,
            expires_on=expires_on,
            file_key=key,
            content_type=document.content_type,
            size=len(document.content),
            sha256=hashlib.sha256(document.content).hexdigest(),
        )

    def discard(self, new: NewCertificate) -> None:
        with suppress(Unavailable):
            self._files.delete(new.file_key)

    def add_to(self, performer_id: int, user_id: int, new: Sequence[NewCertificate]) -> None:
        with self._uow:
            self.check_room(performer_id, len(new))
            for one in new:
                self.add(performer_id, user_id, one)

    def add(self, performer_id: int, user_id: int, new: NewCertificate) -> CertificateRecord:
        """Add a certificate if there is room, within a transaction that holds the performer."""
        made = self._certificates.add(performer_id, new, self._clock.now())
        self._uow.record(
            CertificateSubmitted(certificate_id=made.id, performer_id=performer_id, user_id=user_id)
        )
        return made

    def check_room(self, performer_id: int, more: int) -> None:
        """Raises TooManyCertificates when `more` would exceed the performer's limit."""
        if self._certificates.count(performer_id) + more > policies.MAX_CERTIFICATES:
            raise TooManyCertificates(
                Text("You may have {limit} certificates: delete one first", limit=policies.MAX_CERTIFICATES)
            )
