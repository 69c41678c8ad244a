"""Staff hides services from the public, and makes them public again."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.blueprints.moderation.contracts import AuditLog, BulkDecision
from marketplace.blueprints.offers.contracts import ServiceHidden, ServiceRestored
from marketplace.blueprints.offers.errors import AlreadyHidden, NotHidden, OwnService
from marketplace.blueprints.offers.policies import Visibility
from marketplace.blueprints.offers.ports import ServiceRepository, StaffServiceView
from marketplace.kernel.bulk import CHANGED_SINCE, BulkOutcome, Moved, state
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Invalid, NotFound
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork


class ServiceModeration(BulkDecision):
    """Decides on services, single or in bulk, by the same code. Each decision is audited; nobody decides on
    their own.
    """

    def __init__(self, uow: UnitOfWork, services: ServiceRepository, audit: AuditLog, clock: Clock) -> None:
        self._uow = uow
        self._services = services
        self._audit = audit
        self._clock = clock

    def hide(self, actor: Principal, service_id: int, reason: str) -> StaffServiceView:
        """Hide a service from the public; its orders go on. Raises NotFound, OwnService, AlreadyHidden."""
        return self._decide(actor, service_id, Visibility.HIDDEN, reason)

    def restore(self, actor: Principal, service_id: int) -> StaffServiceView:
        """Undo `hide`. Raises NotFound, OwnService, NotHidden."""
        return self._decide(actor, service_id, Visibility.VISIBLE, None)

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
        outcome, moved = self._decide_many(actor, ids, Visibility(status), reason)
        return BulkOutcome({key: error.code if error else None for key, error in outcome.items()}, moved)

    def undo(self, moved: Sequence[Moved], actor: Principal) -> Mapping[int, str | None]:
        wanted = {one.id: one for one in moved}
        codes: dict[int, str | None] = dict.fromkeys(wanted, NotFound.code)
        with self._uow:
            back = []
            for service in self._services.lock_for_staff(list(wanted)):
                if service.performer_user_id == actor.user_id:
                    codes[service.id] = OwnService.code
                elif _state(service) != wanted[service.id].after:
                    codes[service.id] = CHANGED_SINCE
                else:
                    codes[service.id] = None
                    back.append(service)
            self._services.restore({service.id: wanted[service.id].before for service in back})
            entries = [(one.id, _state(one), wanted[one.id].before) for one in back]
            self._audit.write_many("service.undone", "service", entries, actor=actor)
            self._uow.record_many([_event(service, hidden=service.hidden_at is None) for service in back])
        return codes

    def _decide(
        self, actor: Principal, service_id: int, status: Visibility, reason: str | None
    ) -> StaffServiceView:
        with self._uow:
            error = self._decide_many(actor, [service_id], status, reason)[0][service_id]
            if error is not None:
                raise error
            return self._services.lock_for_staff([service_id])[0]

    def _decide_many(
        self, actor: Principal, ids: Sequence[int], status: Visibility, reason: str | None
    ) -> tuple[dict[int, AppError | None], list[Moved]]:
        hide = status is Visibility.HIDDEN
        if hide and not reason:
            raise Invalid(errors={"json": {"reason": ["Say why: the performer will read it."]}})
        outcome: dict[int, AppError | None] = {service_id: NotFound() for service_id in ids}
        moved = []
        with self._uow:
            moving = []
            for service in self._services.lock_for_staff(ids):
                outcome[service.id] = _objection(actor, service, hide=hide)
                if outcome[service.id] is None:
                    moving.append(service)
            if moving:
                moved = self._move(actor, moving, reason, hide=hide)
        return outcome, moved

    def _move(
        self, actor: Principal, services: Sequence[StaffServiceView], reason: str | None, *, hide: bool
    ) -> list[Moved]:
        ids = [service.id for service in services]
        at, kept = self._clock.now() if hide else None, reason if hide else None
        self._services.set_hidden(ids, at, kept)
        before, after = {"hidden": not hide}, {"hidden": hide}
        action = "service.hide" if hide else "service.restore"
        entries = [(service_id, before, after) for service_id in ids]
        self._audit.write_many(action, "service", entries, actor=actor, reason=reason)
        self._uow.record_many([_event(service, hidden=hide) for service in services])
        left = state(hidden_at=at, hidden_reason=kept)
        return [Moved(service.id, _state(service), left) for service in services]


def _state(service: StaffServiceView) -> dict[str, Any]:
    return state(hidden_at=service.hidden_at, hidden_reason=service.hidden_reason)


def _event(service: StaffServiceView, *, hidden: bool) -> DomainEvent:
    kind = ServiceHidden if hidden else ServiceRestored
    return kind(service_id=service.id, performer_id=service.performer.id, user_id=service.performer_user_id)


def _objection(actor: Principal, service: StaffServiceView, *, hide: bool) -> AppError | None:
    if service.performer_user_id == actor.user_id:
        return OwnService()
    if hide:
        return AlreadyHidden() if service.hidden_at is not None else None
    return NotHidden() if service.hidden_at is None else None
