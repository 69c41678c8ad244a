"""What staff does with services: hidden from the public, and shown again."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.blueprints.catalog.errors import AlreadyHidden, NotHidden, OwnService
from marketplace.blueprints.catalog.events import ServiceHidden, ServiceRestored
from marketplace.blueprints.catalog.policies import Visibility
from marketplace.blueprints.catalog.ports import AuditLog, ServiceRepository
from marketplace.blueprints.catalog.views import StaffServiceView
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork


class ServiceModeration:
    """One by one or many at once, by the same code; each decision is audited, nobody decides on their own."""

    name = "services"
    statuses = tuple(Visibility)

    def __init__(self, uow: UnitOfWork, services: ServiceRepository, audit: AuditLog, clock: Clock) -> None:
        self._uow = uow
        self._services = services
        self._audit = audit
        self._clock = clock

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[StaffServiceView]:
        """Newest first, hidden ones too."""
        return self._services.list_all(page, filters)

    def hide(self, actor: Principal, service_id: int, reason: str) -> StaffServiceView:
        """Take a service from public view; orders of it go on. Raises NotFound, OwnService, AlreadyHidden."""
        return self._decide(actor, service_id, Visibility.HIDDEN, reason)

    def restore(self, actor: Principal, service_id: int) -> StaffServiceView:
        """Undo `hide`. Raises NotFound, OwnService, NotHidden."""
        return self._decide(actor, service_id, Visibility.VISIBLE, None)

    def apply(
        self, ids: Sequence[int], status: str, reason: str | None, actor: Principal
    ) -> Mapping[int, str | None]:
        """What `POST /admin/services/status` does. Raises Invalid for hiding without a reason."""
        outcome = self._decide_many(actor, ids, Visibility(status), reason)
        return {service_id: error.code if error else None for service_id, error in outcome.items()}

    def _decide(
        self, actor: Principal, service_id: int, status: Visibility, reason: str | None
    ) -> StaffServiceView:
        with self._uow:
            error = self._decide_many(actor, [service_id], status, reason)[service_id]
            if error is not None:
                raise error
            return self._services.lock_for_staff([service_id])[0]

    def _decide_many(
        self, actor: Principal, ids: Sequence[int], status: Visibility, reason: str | None
    ) -> dict[int, AppError | None]:
        hide = status is Visibility.HIDDEN
        if hide and not reason:
            raise Invalid(errors={"json": {"reason": ["Say why: the performer will read it."]}})
        outcome: dict[int, AppError | None] = {service_id: NotFound() for service_id in ids}
        with self._uow:
            moving = []
            for service in self._services.lock_for_staff(ids):
                outcome[service.id] = _objection(actor, service, hide=hide)
                if outcome[service.id] is None:
                    moving.append(service)
            if moving:
                self._move(actor, moving, reason, hide=hide)
        return outcome

    def _move(
        self, actor: Principal, services: Sequence[StaffServiceView], reason: str | None, *, hide: bool
    ) -> None:
        ids = [service.id for service in services]
        self._services.set_hidden(ids, self._clock.now() if hide else None, reason if hide else None)
        before, after = {"hidden": not hide}, {"hidden": hide}
        action = "service.hide" if hide else "service.restore"
        entries = [(service_id, before, after) for service_id in ids]
        self._audit.write_many(action, "service", entries, actor=actor, reason=reason)
        kind = ServiceHidden if hide else ServiceRestored
        for service in services:
            self._uow.record(
                kind(
                    service_id=service.id,
                    performer_id=service.performer.id,
                    user_id=service.performer_user_id,
                )
            )


def _objection(actor: Principal, service: StaffServiceView, *, hide: bool) -> AppError | None:
    if service.performer_user_id == actor.user_id:
        return OwnService()
    if hide:
        return AlreadyHidden() if service.hidden_at is not None else None
    return NotHidden() if service.hidden_at is None else None
