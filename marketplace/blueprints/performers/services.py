"""The use cases of performers; one public method is one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marketplace.blueprints.performers import policies
from marketplace.blueprints.performers.changes import FREE_FIELDS, SUBJECT, USER_SUBJECT
from marketplace.blueprints.performers.events import (
    PerformerApplied,
    PerformerPaused,
    PerformerProfileChanged,
    PerformerResumed,
)
from marketplace.blueprints.performers.ports import (
    Card,
    CertificateShelf,
    ChangeQueue,
    Facets,
    FavouriteRepository,
    FullProfile,
    PerformerDirectory,
    PerformerRef,
    PerformerRepository,
    PublicProfile,
    Search,
    SuggestionDirectory,
    Suggestions,
)
from marketplace.kernel.changes import ModeratedField, apply, diff
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, NotFound, PreconditionFailed
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import Category
from marketplace.models.performers import Performer


class ProfileService:
    """Becoming a performer, and the own profile."""

    def __init__(
        self,
        uow: UnitOfWork,
        performers: PerformerRepository,
        directory: PerformerDirectory,
        queue: ChangeQueue,
        moderated: Mapping[str, ModeratedField],
    ) -> None:
        self._uow = uow
        self._performers = performers
        self._directory = directory
        self._queue = queue
        self._moderated = moderated

    def apply(self, caller: Principal, values: Mapping[str, Any], language: str) -> FullProfile:
        """A new profile that waits for staff.

        Raises Invalid for an unknown city or category, naming the field, and AlreadyPerformer.
        """
        with self._uow:
            categories = self._check_references(values)
            columns = {key: value for key, value in values.items() if key != "category_ids"}
            performer = Performer(user_id=caller.user_id, **columns, categories=categories)
            self._performers.add(performer)
            self._uow.record(PerformerApplied(performer_id=performer.id, user_id=caller.user_id))
            return self._directory.get_full(performer.id, language)

    def check(self, values: Mapping[str, Any]) -> None:
        """Whether `apply` would take these. Raises Invalid as it does."""
        self._check_references(values)

    def get(self, caller: Principal, language: str) -> FullProfile:
        """The caller's own profile with what is pending."""
        return self._own(policies.own_performer_id(caller), language)

    def update(
        self, caller: Principal, values: Mapping[str, Any], expected: int | None, language: str
    ) -> FullProfile:
        """Apply what is free and send what is moderated to staff; equal values are skipped.

        Raises PreconditionFailed when the profile is no longer at version `expected`, and Invalid for
        an unknown city or category, naming the field.
        """
        with self._uow:
            performer = self._performers.get_for_update(policies.own_performer_id(caller))
            if expected is not None and performer.version != expected:
                raise PreconditionFailed
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
                # What is pending is part of the own profile: whoever read it before must read it again.
                self._performers.touch(performer)
            return self._own(performer.id, language)

    def pause(self, caller: Principal, language: str) -> FullProfile:
        """Leave the public list until `resume`; doing it twice changes nothing."""
        return self._switch(caller, language, active=False)

    def resume(self, caller: Principal, language: str) -> FullProfile:
        """Be in the public list again, as far as staff agree."""
        return self._switch(caller, language, active=True)

    def _switch(self, caller: Principal, language: str, *, active: bool) -> FullProfile:
        kind = PerformerResumed if active else PerformerPaused
        with self._uow:
            performer = self._performers.get_for_update(policies.own_performer_id(caller))
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
            errors["city_id"] = ["There is no such city."]
        categories: list[Category] = []
        if "category_ids" in values:
            categories = self._performers.find_active_categories(values["category_ids"])
            known = {category.id for category in categories}
            unknown = {
                index: ["There is no such category."]
                for index, category_id in enumerate(values["category_ids"])
                if category_id not in known
            }
            if unknown:
                errors["category_ids"] = unknown
        if errors:
            raise Invalid(errors={"json": errors})
        return categories


class DirectoryService:
    """What the public and other domains see."""

    def __init__(
        self, directory: PerformerDirectory, certificates: CertificateShelf, suggestions: SuggestionDirectory
    ) -> None:
        self._directory = directory
        self._certificates = certificates
        self._suggestions = suggestions

    def search(self, search: Search, page: PageRequest, language: str) -> Page[Card]:
        """Raises InvalidCursor."""
        return self._directory.list_cards(search, page, language)

    def search_numbered(self, search: Search, number: int, limit: int, language: str) -> Page[Card]:
        """Page `number` (from 1) as old clients ask for it. Raises Invalid past the first rows."""
        if number * limit > policies.MAX_NUMBERED_ROWS:
            why = f"Numbered pages end at row {policies.MAX_NUMBERED_ROWS:,}: use cursors."
            raise Invalid(errors={"query": {"page": [why]}})
        return self._directory.list_numbered(search, (number - 1) * limit, limit, language)

    def suggest(self, q: str, city_id: int | None, language: str) -> Suggestions:
        """What somebody who has typed `q` may mean; performers and services of the city, if one is given."""
        return self._suggestions.suggest(q, city_id, language)

    def count_facets(self, search: Search, language: str) -> Facets:
        """How many performers of a search each category and city would give."""
        return self._suggestions.count_facets(search, language)

    def get(self, performer_id: int, language: str) -> PublicProfile:
        """Raises NotFound, also for one that the public may not see."""
        found = self._directory.find_public(performer_id, language)
        if found is None:
            raise NotFound
        return replace(found, certificates=self._certificates.list_public(found.id, found.timezone))

    def find_visible(self, performer_id: int) -> PerformerRef | None:
        """A performer that the public may see."""
        return self._directory.find_ref(performer_id=performer_id, visible=True)

    def find(self, performer_id: int) -> PerformerRef | None:
        """A performer in whatever state."""
        return self._directory.find_ref(performer_id=performer_id)

    def find_of_user(self, user_id: int) -> PerformerRef | None:
        """The profile of a user, in whatever state."""
        return self._directory.find_ref(user_id=user_id)


class FavouriteService:
    """Performers that a user marks, to find them again."""

    def __init__(
        self,
        uow: UnitOfWork,
        favourites: FavouriteRepository,
        directory: PerformerDirectory,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._favourites = favourites
        self._directory = directory
        self._clock = clock

    def mark(self, caller: Principal, performer_id: int) -> None:
        """Once more changes nothing. Raises NotFound for one that the public may not see."""
        with self._uow:
            self._check_visible(performer_id)
            self._favourites.add(caller.user_id, performer_id, self._clock.now())

    def unmark(self, caller: Principal, performer_id: int) -> None:
        """Once more changes nothing. Raises NotFound for one that is not marked and that the public may not
        see.
        """
        with self._uow:
            if not self._favourites.remove(caller.user_id, performer_id):
                self._check_visible(performer_id)

    def _check_visible(self, performer_id: int) -> None:
        if self._directory.find_ref(performer_id=performer_id, visible=True) is None:
            raise NotFound

    def list_own(self, caller: Principal, page: PageRequest, language: str) -> Page[Card]:
        """Those that are shown to the public, the last marked first. Raises InvalidCursor."""
        return self._directory.list_favourites(caller.user_id, page, language)
