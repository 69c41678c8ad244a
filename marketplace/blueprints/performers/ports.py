"""Interfaces that the services of performers need, and the views that they return."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from marketplace.blueprints.performers.contracts import FullProfile, PerformerRef
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Category
from marketplace.models.performers import Performer


@dataclass(frozen=True)
class ModeratedPerformer:
    """The fields of a performer whose edits wait for staff."""

    id: int
    user_id: int
    headline: str
    about: str
    address: dict[str, Any]
    category_ids: list[int]


@dataclass(frozen=True)
class PerformerStatus:
    """The state of a performer that a decision starts from."""

    id: int
    user_id: int
    status: str
    status_reason: str | None


@dataclass(frozen=True)
class StaffSearch:
    """The filters of staff's list of performers."""

    status: str | None = None
    q: str | None = None
    city_id: int | None = None
    category_id: int | None = None
    verified: bool | None = None
    active: bool | None = None


class PerformerRepository(Protocol):
    """Performers, for writing."""

    def add(self, performer: Performer) -> None:
        """Store a new performer. Raises AlreadyPerformer at the end of the unit of work."""
        ...

    def get_for_update(self, performer_id: int) -> Performer:
        """A performer with its categories, locked until the transaction ends. Raises NotFound."""
        ...

    def has_active_city(self, city_id: int) -> bool:
        """Whether there is an active city with the id, where performers may work."""
        ...

    def find_active_categories(self, ids: Sequence[int]) -> list[Category]:
        """Those of `ids` that exist and are offered, by id."""
        ...

    def lock_active_categories(self, ids: Sequence[int]) -> list[Category]:
        """As `find_active_categories`; the categories stay offered until the transaction ends."""
        ...

    def category_names(self, ids: Collection[int], language: str) -> Mapping[int, str]:
        """The names of those of `ids` that exist, offered or not."""
        ...

    def replace_categories(self, links: Mapping[int, Sequence[int]]) -> None:
        """Give each performer exactly these categories, and a new version, because links are rows of their
        own.
        """
        ...

    def touch(self, performer: Performer) -> None:
        """Give the performer a new version although none of its columns changes."""
        ...

    def lock_statuses(self, ids: Sequence[int]) -> list[PerformerStatus]:
        """Lock those of `ids` that exist, in the order of their ids, so that bulk decisions do not
        deadlock.
        """
        ...

    def set_status(self, ids: Sequence[int], status: str, reason: str | None) -> None:
        """Set the status of all of `ids`, in one UPDATE."""
        ...

    def set_verified(self, performer_id: int, *, verified: bool) -> int | None:
        """Set `verified`, give the performer a new version and return its user's id; None when the value was
        the same.
        """
        ...

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        ...


class PerformerDirectory(Protocol):
    """Reads of performers; `language` is that of the names of categories."""

    def get_full(self, performer_id: int, language: str) -> FullProfile:
        """Raises NotFound."""
        ...

    def list_full(self, search: StaffSearch, page: PageRequest, language: str) -> Page[FullProfile]:
        """Newest first. Raises InvalidCursor."""
        ...

    def find_ref(self, performer_id: int, *, visible: bool = False) -> PerformerRef | None:
        """A performer; with `visible`, only a public one."""
        ...
