"""What happens in the catalog."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ServiceCreated(DomainEvent):
    """A performer offers something new."""

    name: ClassVar[str] = "service.created"
    service_id: int
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class ServiceChanged(DomainEvent):
    """A performer edited a service."""

    name: ClassVar[str] = "service.changed"
    service_id: int
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class ServiceRemoved(DomainEvent):
    """A performer offers something no longer; orders still refer to it."""

    name: ClassVar[str] = "service.removed"
    service_id: int
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class ServiceHidden(DomainEvent):
    """Staff took a service of `user_id`, the performer's user, from public view."""

    name: ClassVar[str] = "service.hidden"
    service_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class ServiceRestored(DomainEvent):
    """Staff shows a hidden service again."""

    name: ClassVar[str] = "service.restored"
    service_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CategoryChanged(DomainEvent):
    """Staff created, edited or deleted a category."""

    name: ClassVar[str] = "category.changed"
    category_id: int


@dataclass(frozen=True, kw_only=True)
class CategoryMoved(DomainEvent):
    """Staff put a category, with all below it, below another one; None is the top."""

    name: ClassVar[str] = "category.moved"
    category_id: int
    parent_id: int | None
    previous_parent_id: int | None


@dataclass(frozen=True, kw_only=True)
class CategoriesReordered(DomainEvent):
    """Staff put the children of a category, or of the top, into another order."""

    name: ClassVar[str] = "category.reordered"
    parent_id: int | None


@dataclass(frozen=True, kw_only=True)
class CategoriesMerged(DomainEvent):
    """Staff merged one category into another: all that referred to `source_id`, which is gone, refers to
    `target_id` in the same transaction.
    """

    name: ClassVar[str] = "category.merged"
    source_id: int
    target_id: int


@dataclass(frozen=True, kw_only=True)
class CityChanged(DomainEvent):
    """Staff created, edited or deleted a city."""

    name: ClassVar[str] = "city.changed"
    city_id: int


@dataclass(frozen=True, kw_only=True)
class BannerChanged(DomainEvent):
    """Staff created, edited or deleted a banner."""

    name: ClassVar[str] = "banner.changed"
    banner_id: int


@dataclass(frozen=True, kw_only=True)
class ReferenceDataLoaded(DomainEvent):
    """The shipped categories and cities were loaded."""

    name: ClassVar[str] = "catalog.reference_data_loaded"
    version: str
