"""The use cases of performers; one public method is one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marketplace.blueprints.moderation.contracts import ChangeRequests
from marketplace.blueprints.performers import policies
from marketplace.blueprints.performers.changes import FREE_FIELDS, SUBJECT, USER_SUBJECT
from marketplace.blueprints.performers.contracts import (
    FullProfile,
    NewProfiles,
    PerformerApplied,
    PerformerPaused,
    PerformerProfileChanged,
    PerformerResumed,
)
from marketplace.blueprints.performers.errors import AlreadyPerformer
from marketplace.blueprints.performers.ports import (
    PerformerDirectory,
    PerformerRepository,
)
from marketplace.kernel.changes import ModeratedField, apply, check_version, diff
from marketplace.kernel.errors import Invalid
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import Category
from marketplace.models.performers import Performer


class ProfileService(NewProfiles):
    """Applications of performers, and their own profiles."""

    def __init__(
        self,
        uow: UnitOfWork,
        performers: PerformerRepository,
        directory: PerformerDirectory,
        queue: ChangeRequests,
        moderated: Mapping[str, ModeratedField],
    ) -> None:
        self._uow = uow
        self._performers = performers
        self._directory = directory
        self._queue = queue
        self._moderated = moderated

    def apply(self, caller: Principal, values: Mapping[str, Any], language: str) -> FullProfile:
        with self._uow:
            categories = self._check_references(values)
            columns = {key: value for key, value in values.items() if key != "category_ids"}
            performer = Performer(user_id=caller.user_id, **columns, categories=categories)
            self._performers.add(performer)
            self._uow.record(PerformerApplied(performer_id=performer.id, user_id=caller.user_id))
            return self._directory.get_full(performer.id, language)

    def check(self, caller: Principal, values: Mapping[str, Any]) -> None:
        if caller.performer_id is not None:
            raise AlreadyPerformer
        with self._uow:
            self._check_references(values)

    def get(self, caller: Principal, language: str) -> FullProfile:
        """The caller's own profile with its pending changes."""
        return self._own(own_performer_id(caller), language)

    def update(
        self, caller: Principal, values: Mapping[str, Any], expected: int | None, language: str
    ) -> FullProfile:
        """Apply free fields and send moderated ones to staff; equal values are skipped.

        Raises PreconditionFailed when the profile is no longer at version `expected`, and Invalid for an
        unknown city or category, naming the field.
        """
        with self._uow:
            performer = self._performers.get_for_update(own_performer_id(caller))
            check_version(performer.version, expected)
            self._check_references(values)
            wanted = dict(values)
            if "category_ids" in wanted:
                wanted["category_ids"] = policies.normal_ids(wanted["category_ids"])
            free = diff(performer, {k: v for k, v in wanted.items() if k in FREE_FIELDS}, FREE_FIELDS)
            waiting = diff(
                performer, {k: v for k, v in wanted.items() if k in self._moderated}, self._moderated
            )
            if free:
                apply(performer, free, FREE_FIELDS)
                self._uow.record(
                    PerformerProfileChanged(performer_id=performer.id, user_id=performer.user_id)
                )
            if waiting:
                self._queue.submit(SUBJECT, performer.id, caller.user_id, waiting)
                # Pending changes are part of the own profile, so its version must change with them.
                self._performers.touch(performer)
            return self._own(performer.id, language)

    def pause(self, caller: Principal, language: str) -> FullProfile:
        """Leave the public list until `resume`; doing it twice changes nothing."""
        return self._switch(caller, language, active=False)

    def resume(self, caller: Principal, language: str) -> FullProfile:
        """Return to the public list, if staff's decision allows it."""
        return self._switch(caller, language, active=True)

    def _switch(self, caller: Principal, language: str, *, active: bool) -> FullProfile:
        kind = PerformerResumed if active else PerformerPaused
        with self._uow:
            performer = self._performers.get_for_update(own_performer_id(caller))
            if performer.active != active:
                performer.active = active
                self._uow.record(kind(performer_id=performer.id, user_id=performer.user_id))
            return self._own(performer.id, language)

    def _own(self, performer_id: int, language: str) -> FullProfile:
        found = self._directory.get_full(performer_id, language)
        pending = [
            *self._queue.pending(SUBJECT, performer_id),
            *self._queue.pending(USER_SUBJECT, found.user.id),
        ]
        return replace(found, pending_changes=pending)

    def _check_references(self, values: Mapping[str, Any]) -> list[Category]:
        errors: dict[str, Any] = {}
        if "city_id" in values and not self._performers.has_active_city(values["city_id"]):
            errors["city_id"] = [Text("There is no such city.")]
        categories: list[Category] = []
        if "category_ids" in values:
            categories = self._performers.find_active_categories(values["category_ids"])
            known = {category.id for category in categories}
            unknown = {
                index: [Text("There is no such category.")]
                for index, category_id in enumerate(values["category_ids"])
                if category_id not in known
            }
            if unknown:
                errors["category_ids"] = unknown
        if errors:
            raise Invalid(errors={"json": errors})
        return categories
