"""Verification of performers by staff."""

from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.performers.changes import SUBJECT
from marketplace.blueprints.performers.contracts import (
    FullProfile,
    PerformerUnverified,
    PerformerVerified,
    Verification,
)
from marketplace.blueprints.performers.errors import OwnPerformer, StatusNotAllowed
from marketplace.blueprints.performers.ports import PerformerDirectory, PerformerRepository
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork


class VerificationService(Verification):
    """Stores `verified` of performers; other domains know the evidence for it."""

    def __init__(
        self,
        uow: UnitOfWork,
        performers: PerformerRepository,
        directory: PerformerDirectory,
        audit: AuditLog,
    ) -> None:
        self._uow = uow
        self._performers = performers
        self._directory = directory
        self._audit = audit

    def grant(self, actor: Principal, performer_id: int, language: str) -> FullProfile:
        with self._uow:
            found = self._directory.find_ref(performer_id)
            if found is None:
                raise NotFound
            if found.user_id == actor.user_id:
                raise OwnPerformer
            if self._performers.set_verified(performer_id, verified=True) is None:
                raise StatusNotAllowed("This performer is verified already")
            self._note(performer_id, actor, verified=True)
            self._uow.record(PerformerVerified(performer_id=performer_id, user_id=found.user_id))
            return self._directory.get_full(performer_id, language)

    def withdraw(self, performer_id: int, cause: str, actor: Principal | None) -> None:
        with self._uow:
            user_id = self._performers.set_verified(performer_id, verified=False)
            if user_id is None:
                return
            self._note(performer_id, actor, verified=False, reason=cause)
            self._uow.record(PerformerUnverified(performer_id=performer_id, user_id=user_id, cause=cause))

    def _note(
        self, performer_id: int, actor: Principal | None, *, verified: bool, reason: str | None = None
    ) -> None:
        self._audit.write(
            f"{SUBJECT}.verified" if verified else f"{SUBJECT}.unverified",
            SUBJECT,
            performer_id,
            actor=actor,
            before={"verified": not verified},
            after={"verified": verified},
            reason=reason,
        )
