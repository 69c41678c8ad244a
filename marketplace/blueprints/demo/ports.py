"""Interface and data of the demo: it reads places and crafts, and writes lines by table."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from marketplace.kernel.ratings import ASPECTS

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "user": (
        "id",
        "username",
        "email",
        "email_verified",
        "password_hash",
        "first_name",
        "last_name",
        "locale",
        "timezone",
        "roles",
        "date_joined",
        "updated_at",
    ),
    "performer": (
        "id",
        "user_id",
        "city_id",
        "headline",
        "about",
        "address",
        "timezone",
        "languages",
        "experience_years",
        "status",
        "status_reason",
        "active",
        "verified",
        "rating_count",
        "rating_sum",
        "rating_histogram",
        "aspect_counts",
        "aspect_sums",
        "created_at",
        "updated_at",
    ),
    "performer_category": ("performer_id", "category_id"),
    "performer_schedule": ("performer_id", "weekly"),
    "service": (
        "id",
        "performer_id",
        "category_id",
        "title",
        "description",
        "pricing",
        "price_amount",
        "price_currency",
        "duration_minutes",
        "is_active",
        "created_at",
        "updated_at",
    ),
    "order": (
        "id",
        "customer_id",
        "performer_id",
        "service_id",
        "status",
        "title",
        "pricing",
        "price_amount",
        "price_currency",
        "starts_at",
        "ends_at",
        "address",
        "note",
        "state_entered_at",
        "completed_at",
        "created_at",
        "updated_at",
    ),
    "order_transition": (
        "id",
        "order_id",
        "transition",
        "from_status",
        "to_status",
        "actor_id",
        "actor_role",
        "reason",
        "created_at",
    ),
    "review": (
        "id",
        "order_id",
        "author_id",
        "direction",
        "performer_id",
        "customer_id",
        "rating",
        *ASPECTS,
        "text",
        "publish_at",
        "published_at",
        "created_at",
    ),
}
"""The columns that lines hold, by table; the tables are in the order in which rows may refer to each
other.
"""


@dataclass(frozen=True)
class Place:
    """A city as the demo needs it."""

    id: int
    name: str
    country_code: str
    timezone: str
    population: int


@dataclass(frozen=True)
class Craft:
    """A category that performers work in; `branch` is the category above it."""

    id: int
    slug: str
    branch: str
    name: str


@dataclass
class Ids:
    """The last id used, by table."""

    last: dict[str, int]

    def next(self, table: str) -> int:
        """A new id."""
        self.last[table] += 1
        return self.last[table]


@dataclass
class Chunk:
    """Lines by table; `performers` is the number of performers in it."""

    performers: int
    lines: dict[str, list[str]] = field(default_factory=lambda: {table: [] for table in COLUMNS})


@dataclass(frozen=True)
class Account:
    """A user with a known name; `is_ours` while it has the password that the demo gave it."""

    id: int
    username: str
    is_ours: bool


@dataclass(frozen=True)
class Population:
    """How many users there are of the demo, and how many others."""

    demo: int
    others: int


class MarketRepository(Protocol):
    """Stores a market; everything runs in the transaction of the caller."""

    def begin(self) -> None:
        """Lift the time limits of statements, and leave the listings alone until `finish`."""
        ...

    def has_users(self) -> bool:
        """Whether there are users beyond staff."""
        ...

    def list_accounts(self, names: Collection[str], emails: Collection[str]) -> list[Account]:
        """The users who have one of the names, or confirmed one of the addresses."""
        ...

    def count_users(self) -> Population:
        """The users of the demo, which have a password of its salt, and the others."""
        ...

    def clear(self) -> None:
        """Remove everything but categories and cities, and begin all ids anew, except those of sessions: an
        access token names one, and must not fit a later session.
        """
        ...

    def list_places(self) -> list[Place]:
        """The active cities."""
        ...

    def list_crafts(self) -> list[Craft]:
        """The leaves of the tree of categories; a leaf without a parent is a branch of its own."""
        ...

    def lock_ids(self) -> Ids:
        """The last id of each table. Inserts of others wait until the transaction ends, because they would
        draw the same ids.
        """
        ...

    def without_indexes(self) -> AbstractContextManager[None]:
        """Within this context the tables have only the indexes of their constraints; the others are built at
        the end, sorted once, at a fraction of the cost of so many insertions. Readers of the tables wait
        until the transaction ends.
        """
        ...

    def store(self, chunk: Chunk) -> None:
        """Send the lines of a chunk."""
        ...

    def finish(self, ids: Ids) -> None:
        """Set the sequences to continue after `ids`, and rebuild statistics and listings."""
        ...
