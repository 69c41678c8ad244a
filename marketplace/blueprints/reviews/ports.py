"""Interfaces that the services of reviews need, and the views that they return."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.ratings import ASPECTS


class SentPhoto(Protocol):
    """A photo as it was sent."""

    @property
    def stream(self) -> BinaryIO: ...


@dataclass(frozen=True)
class StoredPhoto:
    """A photo whose files are stored; sizes in pixels."""

    key: str
    thumbnail_key: str
    width: int
    height: int


@dataclass(frozen=True)
class PhotoKeys:
    """The files of a photo, and whether its review is hidden."""

    key: str
    thumbnail_key: str
    hidden: bool


@dataclass(frozen=True)
class NewReview:
    """A review to be written; its photos are stored already."""

    values: Mapping[str, Any]
    photos: Sequence[StoredPhoto] = ()


@dataclass(frozen=True)
class ReviewPhoto:
    """A photo as it is shown; the addresses are those that everybody may open once the review is public."""

    id: int
    url: str
    thumbnail_url: str
    width: int
    height: int


@dataclass(frozen=True)
class ReviewView:
    """A review with all that anybody may see of it; schemas choose the fields."""

    id: int
    order_id: int
    author_id: int
    author_first_name: str
    author_last_name: str
    author_avatar_key: str | None
    direction: str
    performer_id: int
    performer_user_id: int
    customer_id: int
    rating: int
    quality: int | None
    punctuality: int | None
    communication: int | None
    text: str
    note_to_staff: str | None
    reply: str | None
    replied_at: datetime | None
    publish_at: datetime
    published_at: datetime | None
    hidden_at: datetime | None
    hidden_reason: str | None
    created_at: datetime
    photos: Sequence[ReviewPhoto] = ()

    @property
    def aspects(self) -> dict[str, int | None] | None:
        """The stars by aspect; None when none was rated."""
        found: dict[str, int | None] = {aspect: getattr(self, aspect) for aspect in ASPECTS}
        return None if set(found.values()) == {None} else found

    @property
    def author(self) -> dict[str, Any]:
        """The author as other people see one: first name and initial."""
        return {
            "id": self.author_id,
            "first_name": self.author_first_name,
            "last_name": self.author_last_name[:1],
            "avatar_url": media_url(self.author_avatar_key),
        }


@dataclass(frozen=True)
class RatingSummary:
    """The rating of a customer; `average` is None for fewer than three reviews."""

    count: int
    average: float | None


@dataclass(frozen=True)
class ReviewFilters:
    """The filters of staff's list of reviews; None is any."""

    performer_id: int | None = None
    hidden: bool | None = None


class ReviewRepository(Protocol):
    """Reviews, and the ratings of performers and customers that follow from them."""

    def lock_order(self, order_id: int) -> None:
        """Authors of reviews of one order take turns, so that the second sees the first."""
        ...

    def add(self, values: Mapping[str, Any]) -> int:
        """Store a new review; returns its id."""
        ...

    def add_photos(self, review_id: int, photos: Sequence[StoredPhoto]) -> None:
        """Give a new review its photos, in this order, in one statement."""
        ...

    def find(self, review_id: int) -> ReviewView | None: ...

    def find_many(self, review_ids: Sequence[int]) -> list[ReviewView]:
        """Those that exist, by id."""
        ...

    def lock(self, review_ids: Sequence[int]) -> list[ReviewView]:
        """Lock those that exist until the end of the transaction; returns them by id."""
        ...

    def list_of_order(self, order_id: int) -> list[ReviewView]:
        """The reviews of an order, at most two, by id."""
        ...

    def publish_of_order(self, order_id: int, at: datetime) -> list[ReviewView]:
        """Publish what is not published yet; returns what this call published, by id."""
        ...

    def publish_due(self, at: datetime, limit: int) -> list[ReviewView]:
        """Publish up to `limit` reviews whose time is up; locked ones are left for the next time."""
        ...

    def set_reply(self, review_id: int, text: str, at: datetime) -> bool:
        """Store the reply; False when there is one."""
        ...

    def set_hidden(self, review_ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        """Hide all of them, or make them public again (None), in one UPDATE."""
        ...

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        ...

    def count(self, review_ids: Sequence[int], sign: int) -> None:
        """Add (`sign` 1) or subtract (-1) stored reviews, each once, in the figures of those whom they are
        about: customers and performers, in a statement each. Others who change these figures wait until the
        transaction ends, so this comes last in it.
        """
        ...

    def recount(self, after: int, limit: int) -> tuple[int | None, int]:
        """Make the figures of the next `limit` performers after the id `after` equal to their published
        reviews. Returns the last id looked at (None at the end), and how many figures were wrong.
        """
        ...

    def recount_customers(self, after: int, limit: int) -> tuple[int | None, int]:
        """As `recount`, for the next `limit` users after the id `after`; of who has left nothing is kept."""
        ...

    def list_public(self, performer_id: int, page: PageRequest) -> Page[ReviewView]:
        """Newest first. Raises NotFound for a performer that the public cannot see."""
        ...

    def list_all(self, page: PageRequest, filters: ReviewFilters) -> Page[ReviewView]:
        """Newest first."""
        ...

    def summary_of_customer(self, customer_id: int) -> tuple[int, int]:
        """The number of published ratings of a customer, and their sum."""
        ...


class PhotoRepository(Protocol):
    """The files of photos."""

    def find(self, photo_id: int) -> PhotoKeys | None: ...

    def is_shown(self, key: str) -> bool:
        """Whether a photo or thumbnail belongs to a review that everybody may read."""
        ...

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that a photo or a thumbnail refers to."""
        ...

    def forget(self, user_id: int) -> list[str]:
        """Remove the photos of all reviews by a user; returns their keys, thumbnails included."""
        ...

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: the photos of reviews by the user."""
        ...

    def list_keys(self, user_id: int) -> list[tuple[int, str]]:
        """The id and key of each photo of a user's reviews, by id."""
        ...


class ReviewRecords(Protocol):
    """A user's reviews, in both directions."""

    def written(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: reviews by the user, with the note to staff."""
        ...

    def received(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: reviews of the user, as far as the user may read them; with the reply, which is the
        user's.
        """
        ...

    def customer_rating(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: the number of reviews of the user as a customer, and their sum; one row or none."""
        ...

    def forget(self, user_id: int) -> None:
        """Delete what was told to staff alone, and the rating of the user as a customer; the reviews
        themselves stay for others.
        """
        ...
