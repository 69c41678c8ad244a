"""Takes, shows and deletes evidence: the file first, outside of a transaction, then its row."""

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from marketplace.blueprints.accounts.contracts import PictureAllowance
from marketplace.blueprints.disputes.contracts import EvidenceAdded, EvidenceEvent, EvidenceRemoved
from marketplace.blueprints.disputes.errors import DisputeNotOpen, OnlyParties, TooMuchEvidence
from marketplace.blueprints.disputes.policies import MAX_EVIDENCE, PARTIES
from marketplace.blueprints.disputes.ports import (
    DisputeRecords,
    DisputeRepository,
    EvidenceRecord,
    EvidenceRepository,
    EvidenceView,
    NewEvidence,
)
from marketplace.blueprints.orders.contracts import DisputeDesk, OrderRef
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound, Unavailable
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import Documents, FileStore, PrivateLinks
from marketplace.outside.sweeping import sweep

KIND = "evidence"
DELETE_FILES_JOB = "disputes.delete_files"


class EvidenceService:
    """The files that the parties of a disputed order show to each other and to staff."""

    def __init__(
        self,
        uow: UnitOfWork,
        disputes: DisputeRepository,
        rows: EvidenceRepository,
        records: DisputeRecords,
        desk: DisputeDesk,
        allowance: PictureAllowance,
        documents: Documents,
        files: FileStore,
        links: PrivateLinks,
        folder: str,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._disputes = disputes
        self._rows = rows
        self._records = records
        self._desk = desk
        self._allowance = allowance
        self._documents = documents
        self._files = files
        self._links = links
        self._folder = folder
        self._clock = clock

    def prepare(self, caller: Principal, order_id: int, note: str, file: BinaryIO) -> NewEvidence:
        """Check and store what was sent, before a transaction is open.

        Raises NotFound (stranger), OnlyParties, DisputeNotOpen, TooMuchEvidence before any work;
        PicturesSpent, NotADocument, DocumentTooLarge, PictureTooLarge, TooManyAtOnce, StorageFull,
        Unavailable.
        """
        with self._uow:
            order, side = self._party(caller, order_id)
            if order.status != "disputed":
                raise DisputeNotOpen
            self._check_room(order_id, side)
        self._allowance.spend(caller, self._documents.look(file))
        document = self._documents.take(file, caller.user_id)
        key = f"{self._folder}/{secrets.token_hex(16)}.{document.suffix}"
        self._files.put(key, document.content, document.content_type)
        return NewEvidence(
            note=note,
            file_key=key,
            content_type=document.content_type,
            size=len(document.content),
            sha256=hashlib.sha256(document.content).hexdigest(),
        )

    def discard(self, new: NewEvidence) -> None:
        """Delete a file that will not be added; if the storage is out of reach, the sweep deletes it
        later.
        """
        with suppress(Unavailable):
            self._files.delete(new.file_key)

    def add(self, caller: Principal, order_id: int, new: NewEvidence) -> EvidenceView:
        """Add a stored file to the open dispute. Raises NotFound (stranger), OnlyParties, DisputeNotOpen,
        TooMuchEvidence.
        """
        with self._uow:
            order, side = self._party(caller, order_id)
            self._lock(order_id)
            self._check_room(order_id, side)
            made = self._rows.add(order_id, caller.user_id, side, new, self._clock.now())
            self._uow.record(_event(EvidenceAdded, made.id, order, caller))
            return self._view(caller, made)

    def list_page(self, caller: Principal, order_id: int, page: PageRequest) -> Page[EvidenceView]:
        """The evidence of an order, oldest first. Raises NotFound for strangers, InvalidCursor."""
        self._desk.look(caller, order_id)
        found = self._rows.list_page(order_id, page)
        return Page([self._view(caller, one) for one in found.items], found.next, found.previous)

    def list_of(self, caller: Principal, order_id: int) -> Sequence[EvidenceView]:
        """All of it, for a caller of whom it is known that the order may be seen."""
        return [self._view(caller, one) for one in self._rows.list(order_id)]

    def remove(self, caller: Principal, order_id: int, evidence_id: int) -> None:
        """Delete a piece of one's own evidence with its file, while the dispute is open.

        Raises NotFound (stranger, or somebody else's), OnlyParties, DisputeNotOpen.
        """
        with self._uow:
            order, _ = self._party(caller, order_id)
            self._lock(order_id)
            key = self._rows.remove(order_id, evidence_id, caller.user_id)
            if key is None:
                raise NotFound
            self._uow.enqueue(DELETE_FILES_JOB, {"keys": [key]})
            self._uow.record(_event(EvidenceRemoved, evidence_id, order, caller))

    def find_file(self, evidence_id: int, right: str) -> EvidenceRecord | None:
        """The piece of evidence that a link opens, for as long as the user whom it was made for (`right`) is
        staff, or a party of the order.
        """
        return self._rows.find_for(evidence_id, int(right)) if right.isdecimal() else None

    def forget(self, user_id: int) -> None:
        """Delete the evidence of a user who is anonymised, and blank what the user wrote."""
        keys = self._records.forget(user_id)
        if keys:
            self._uow.enqueue(DELETE_FILES_JOB, {"keys": [*keys]})

    def delete_files(self, keys: Sequence[str]) -> None:
        """Delete files, if they exist. Raises Unavailable."""
        for key in keys:
            self._files.delete(key)

    def sweep(self) -> int:
        """Delete files that no row names, left by broken requests; returns how many. Raises Unavailable."""
        return sweep(self._uow, self._files, self._folder, self._clock.now(), self._rows.keys_in_use)

    def _party(self, caller: Principal, order_id: int) -> tuple[OrderRef, str]:
        seen = self._desk.look(caller, order_id)
        if seen.role not in PARTIES:
            raise OnlyParties
        return seen.order, seen.role

    def _lock(self, order_id: int) -> None:
        # Code of before makes no row; one that is missing is made here.
        if self._disputes.lock_open(order_id) is None:
            self._disputes.open_missing(order_id, 1)
            if self._disputes.lock_open(order_id) is None:
                raise DisputeNotOpen

    def _check_room(self, order_id: int, side: str) -> None:
        if self._rows.count(order_id, side) >= MAX_EVIDENCE:
            raise TooMuchEvidence(Text("You may add {limit} files: delete one first", limit=MAX_EVIDENCE))

    def _view(self, caller: Principal, record: EvidenceRecord) -> EvidenceView:
        return EvidenceView(
            id=record.id,
            side=record.side,
            note=record.note,
            content_type=record.content_type,
            size=record.size,
            sha256=record.sha256,
            created_at=record.created_at,
            mine=record.user_id == caller.user_id,
            file_url=self._links.link(KIND, record.id, str(caller.user_id)),
        )


def _event(kind: type[EvidenceEvent], evidence_id: int, order: OrderRef, caller: Principal) -> EvidenceEvent:
    return kind(
        evidence_id=evidence_id,
        order_id=order.id,
        customer_id=order.customer_id,
        performer_user_id=order.performer_user_id,
        actor_id=caller.user_id,
    )
