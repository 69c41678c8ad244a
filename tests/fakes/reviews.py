"""Reviews in memory; passes the same contract tests as the SQL (tests/reviews/test_review_repository.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from marketplace.blueprints.reviews.errors import AlreadyReviewed
from marketplace.blueprints.reviews.ports import (
    ReviewFilters,
    ReviewPhoto,
    ReviewRepository,
    ReviewView,
    StoredPhoto,
)
from marketplace.kernel.bulk import moment
from marketplace.kernel.errors import NotFound
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.ratings import ASPECTS

NO_FIGURES = (0, 0, (0, 0, 0, 0, 0))
NO_ASPECTS = ((0, 0, 0), (0, 0, 0))


class FakeReviewRepository(ReviewRepository):
    """`owners` maps performers to their users; `figures` holds (count, sum, histogram) of each performer,
    `aspects` (counts, sums) of each performer, and `customers` (count, sum) of each customer.
    """

    def __init__(self, owners: Mapping[int, int]) -> None:
        self.owners = dict(owners)
        self.reviews: dict[int, ReviewView] = {}
        self.figures: dict[int, tuple[int, int, tuple[int, ...]]] = dict.fromkeys(owners, NO_FIGURES)
        self.aspects: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = dict.fromkeys(owners, NO_ASPECTS)
        self.customers: dict[int, tuple[int, int]] = {}

    def lock_order(self, order_id: int) -> None:
        """Nobody else is here."""

    def add(self, values: Mapping[str, Any]) -> int:
        if any(
            (row.order_id, row.author_id) == (values["order_id"], values["author_id"])
            for row in self.reviews.values()
        ):
            raise AlreadyReviewed
        review_id = len(self.reviews) + 1
        nothing: dict[str, Any] = dict.fromkeys(
            ("note_to_staff", "reply", "replied_at", "published_at", "hidden_at", "hidden_reason", *ASPECTS)
        )
        self.reviews[review_id] = ReviewView(
            **nothing | dict(values),
            id=review_id,
            author_first_name="Ann",
            author_last_name="Lee",
            author_avatar_key=None,
            performer_user_id=self.owners[values["performer_id"]],
        )
        return review_id

    def add_photos(self, review_id: int, photos: Sequence[StoredPhoto]) -> None:
        shown = [
            ReviewPhoto(number, f"/media/{one.key}", f"/media/{one.thumbnail_key}", one.width, one.height)
            for number, one in enumerate(photos, 1)
        ]
        self.reviews[review_id] = replace(self.reviews[review_id], photos=shown)

    def find(self, review_id: int) -> ReviewView | None:
        return self.reviews.get(review_id)

    def find_many(self, review_ids: Sequence[int]) -> list[ReviewView]:
        return self.lock(review_ids)

    def lock(self, review_ids: Sequence[int]) -> list[ReviewView]:
        return [self.reviews[key] for key in sorted(review_ids) if key in self.reviews]

    def list_of_order(self, order_id: int) -> list[ReviewView]:
        return [row for row in self.reviews.values() if row.order_id == order_id]

    def publish_of_order(self, order_id: int, at: datetime) -> list[ReviewView]:
        return self._publish([row for row in self.list_of_order(order_id) if row.published_at is None], at)

    def publish_due(self, at: datetime, limit: int) -> list[ReviewView]:
        due = [row for row in self.reviews.values() if row.published_at is None and row.publish_at <= at]
        return self._publish(sorted(due, key=lambda row: row.publish_at)[:limit], at)

    def _publish(self, rows: list[ReviewView], at: datetime) -> list[ReviewView]:
        for row in rows:
            self.reviews[row.id] = replace(row, published_at=at)
        return self.lock([row.id for row in rows])

    def set_reply(self, review_id: int, text: str, at: datetime) -> bool:
        row = self.reviews[review_id]
        if row.reply is not None:
            return False
        self.reviews[review_id] = replace(row, reply=text, replied_at=at)
        return True

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        for review_id, state in states.items():
            self.set_hidden([review_id], moment(state["hidden_at"]), state["hidden_reason"])

    def set_hidden(self, review_ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        for review_id in review_ids:
            self.reviews[review_id] = replace(self.reviews[review_id], hidden_at=at, hidden_reason=reason)

    def count(self, review_ids: Sequence[int], sign: int) -> None:
        for row in self.lock(review_ids):
            if row.direction == "of_customer":
                number, stars = self.customers.get(row.customer_id, (0, 0))
                self.customers[row.customer_id] = (number + sign, stars + sign * row.rating)
                continue
            count, total, histogram = self.figures[row.performer_id]
            found = tuple(n + sign * (star == row.rating) for star, n in enumerate(histogram, 1))
            self.figures[row.performer_id] = (count + sign, total + sign * row.rating, found)
            rated = [getattr(row, aspect) for aspect in ASPECTS]
            counts, sums = self.aspects[row.performer_id]
            self.aspects[row.performer_id] = (
                tuple(n + sign * (one is not None) for n, one in zip(counts, rated, strict=True)),
                tuple(n + sign * (one or 0) for n, one in zip(sums, rated, strict=True)),
            )

    def recount(self, after: int, limit: int) -> tuple[int | None, int]:
        ids = sorted(key for key in self.figures if key > after)[:limit]
        before = [(self.figures[key], self.aspects[key]) for key in ids]
        for key in ids:
            self.figures[key], self.aspects[key] = NO_FIGURES, NO_ASPECTS
            self.count([row.id for row in self._public(key)], 1)
        wrong = sum(
            old != (self.figures[key], self.aspects[key]) for key, old in zip(ids, before, strict=True)
        )
        return (ids[-1] if ids else None), wrong

    def recount_customers(self, after: int, limit: int) -> tuple[int | None, int]:
        shown = [
            row
            for row in self.reviews.values()
            if row.direction == "of_customer" and row.published_at is not None and row.hidden_at is None
        ]
        people = {*self.customers, *(row.customer_id for row in self.reviews.values())}
        ids = sorted(key for key in people if key > after)[:limit]
        before = {key: self.customers.pop(key, (0, 0)) for key in ids}
        self.count([row.id for row in shown if row.customer_id in before], 1)
        wrong = sum(self.customers.get(key, (0, 0)) != old for key, old in before.items())
        return (ids[-1] if ids else None), wrong

    def _public(self, performer_id: int) -> list[ReviewView]:
        return [
            row
            for row in self.reviews.values()
            if (row.performer_id, row.direction) == (performer_id, "of_performer")
            and row.published_at is not None
            and row.hidden_at is None
        ]

    def list_public(self, performer_id: int, page: PageRequest) -> Page[ReviewView]:
        if performer_id not in self.owners:
            raise NotFound
        newest = sorted(self._public(performer_id), key=lambda row: (row.published_at, row.id), reverse=True)
        return Page(newest[: page.limit])

    def list_all(self, page: PageRequest, filters: ReviewFilters) -> Page[ReviewView]:
        found = [
            row
            for row in reversed(self.reviews.values())
            if filters.performer_id in {None, row.performer_id}
            and filters.hidden in {None, row.hidden_at is not None}
        ]
        return Page(found[: page.limit])

    def summary_of_customer(self, customer_id: int) -> tuple[int, int]:
        return self.customers.get(customer_id, (0, 0))
