"""What the demo reads and writes: places and crafts in, lines by table out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
        "text",
        "publish_at",
        "published_at",
        "created_at",
    ),
}
"""The tables in the order in which rows may refer to each other, and the columns that lines hold."""


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
    """A category that performers work in; `branch` is what it hangs below."""

    id: int
    slug: str
    branch: str
    name: str


@dataclass
class Ids:
    """The last id given out, by table."""

    last: dict[str, int]

    def next(self, table: str) -> int:
        """A new id."""
        self.last[table] += 1
        return self.last[table]


@dataclass
class Chunk:
    """Lines by table; `performers` says how many are inside, `logins` are two names to sign in with."""

    performers: int
    lines: dict[str, list[str]] = field(default_factory=lambda: {table: [] for table in COLUMNS})
    logins: tuple[str, str] = ("", "")
