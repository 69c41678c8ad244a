"""The use cases of reviews."""

from collections.abc import Mapping
from typing import Any

from marketplace.blueprints.reviews import events
from marketplace.blueprints.reviews.errors import (
    AlreadyHidden,
    AlreadyReplied,
    NotHidden,
    NotReviewed,
    OrderNotCompleted,
    ReviewWindowClosed,
)
from marketplace.blueprints.reviews.policies import WINDOW, Direction, shown_average
from marketplace.blueprints.reviews.ports import (
    AuditLog,
    OrderLookup,
    RatingSummary,
    ReviewedOrder,
    ReviewRepository,
    ReviewView,
)
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Forbidden, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork


class ReviewService:
    """Written in both directions, shown when both have written or the time is up."""

    def __init__(
        self,
        uow: UnitOfWork,
        reviews: ReviewRepository,
        orders: OrderLookup,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._reviews = reviews
        self._orders = orders
        self._audit = audit
        self._clock = clock

    def write(self, caller: Principal, order_id: int, values: Mapping[str, Any]) -> ReviewView:
        """The caller's review of the other party.

        Raises NotFound (no party), OrderNotCompleted, ReviewWindowClosed, AlreadyReviewed.
        """
        with self._uow:
            self._reviews.lock_order(order_id)
            order = self._party(caller, order_id)
            if order.status != "completed" or order.completed_at is None:
                raise OrderNotCompleted
            now = self._clock.now()
            publish_at = order.completed_at + WINDOW
            if now > publish_at:
                raise ReviewWindowClosed
            of_performer = caller.user_id == order.customer_id
            review_id = self._reviews.add(
                {
                    "order_id": order.id,
                    "author_id": caller.user_id,
                    "direction": Direction.OF_PERFORMER if of_performer else Direction.OF_CUSTOMER,
                    "performer_id": order.performer_id,
                    "customer_id": order.customer_id,
                    "rating": values["rating"],
                    "text": values.get("text", ""),
                    "note_to_staff": values.get("note_to_staff"),
                    "publish_at": publish_at,
                    "created_at": now,
                }
            )
            written = self._reviews.list_of_order(order.id)
            own = next(review for review in written if review.id == review_id)
            self._uow.record(_event(events.ReviewWritten, own))
            if len(written) == len(Direction):
                self._publish([review for review in written if review.published_at is None])
            return self._found(review_id)

    def list_of_order(self, caller: Principal, order_id: int) -> list[ReviewView]:
        """What the caller may see of an order's reviews: own, and published ones. Raises NotFound."""
        self._party(caller, order_id)
        return [
            review
            for review in self._reviews.list_of_order(order_id)
            if review.author_id == caller.user_id
            or (review.published_at is not None and review.hidden_at is None)
        ]

    def reply(self, caller: Principal, review_id: int, text: str) -> ReviewView:
        """One public answer of the reviewed party. Raises NotFound, NotReviewed, AlreadyReplied."""
        with self._uow:
            review = self._found(review_id)
            if review.published_at is None or review.hidden_at is not None:
                raise NotFound
            reviewed = (
                review.performer_user_id if review.direction == Direction.OF_PERFORMER else review.customer_id
            )
            if caller.user_id != reviewed:
                # A review of a customer is no public thing.
                if review.direction == Direction.OF_CUSTOMER and caller.user_id != review.author_id:
                    raise NotFound
                raise NotReviewed
            if not self._reviews.set_reply(review_id, text, self._clock.now()):
                raise AlreadyReplied
            self._uow.record(_event(events.ReviewReplied, review))
            return self._found(review_id)

    def list_public(self, performer_id: int, page: PageRequest) -> Page[ReviewView]:
        """Published reviews of a performer, newest first."""
        return self._reviews.list_public(performer_id, page)

    def summary_of_customer(self, caller: Principal, order_id: int) -> RatingSummary:
        """How performers rated the customer of an order; for its performer. Raises NotFound, Forbidden."""
        order = self._party(caller, order_id)
        if caller.user_id != order.performer_user_id:
            raise Forbidden("Ratings of customers are seen only by performers")
        count, total = self._reviews.summary_of_customer(order.customer_id)
        return RatingSummary(count=count, average=shown_average(count, total))

    def publish_due(self) -> int:
        """Publish what the other party left unanswered; returns how many."""
        with self._uow:
            due = self._reviews.due(self._clock.now())
            self._publish(due)
            return len(due)

    def recount(self) -> int:
        """Mend figures that differ from a recount; returns how many performers' did."""
        with self._uow:
            return self._reviews.recount()

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[ReviewView]:
        """All reviews, newest first, for staff."""
        return self._reviews.list_all(page, filters)

    def hide(self, actor: Principal, review_id: int, reason: str) -> ReviewView:
        """Take a review from public view and out of the figures. Raises NotFound, AlreadyHidden."""
        with self._uow:
            review = self._found(review_id, lock=True)
            if review.hidden_at is not None:
                raise AlreadyHidden
            self._reviews.set_hidden(review_id, self._clock.now(), reason)
            if _counts(review):
                self._reviews.count(review.performer_id, review.rating, -1)
            self._audit_visibility(actor, review, "review.hide", reason)
            self._uow.record(_event(events.ReviewHidden, review))
            return self._found(review_id)

    def restore(self, actor: Principal, review_id: int) -> ReviewView:
        """Undo `hide`. Raises NotFound, NotHidden."""
        with self._uow:
            review = self._found(review_id, lock=True)
            if review.hidden_at is None:
                raise NotHidden
            self._reviews.set_hidden(review_id, None, None)
            restored = self._found(review_id)
            if _counts(restored):
                self._reviews.count(review.performer_id, review.rating, 1)
            self._audit_visibility(actor, review, "review.restore", None)
            self._uow.record(_event(events.ReviewRestored, review))
            return restored

    def _publish(self, reviews: list[ReviewView]) -> None:
        self._reviews.publish([review.id for review in reviews], self._clock.now())
        # In the order of ids: transactions that publish for the same performers cannot deadlock.
        for review in sorted(reviews, key=lambda item: (item.performer_id, item.id)):
            if review.direction == Direction.OF_PERFORMER and review.hidden_at is None:
                self._reviews.count(review.performer_id, review.rating, 1)
            self._uow.record(_event(events.ReviewPublished, review))

    def _party(self, caller: Principal, order_id: int) -> ReviewedOrder:
        order = self._orders(order_id)
        if order is None or caller.user_id not in {order.customer_id, order.performer_user_id}:
            raise NotFound
        return order

    def _found(self, review_id: int, *, lock: bool = False) -> ReviewView:
        review = self._reviews.find(review_id, lock=lock)
        if review is None:
            raise NotFound
        return review

    def _audit_visibility(
        self, actor: Principal, review: ReviewView, action: str, reason: str | None
    ) -> None:
        was_hidden = review.hidden_at is not None
        self._audit.write(
            action,
            "review",
            review.id,
            actor=actor,
            before={"hidden": was_hidden},
            after={"hidden": not was_hidden},
            reason=reason,
        )


def _counts(review: ReviewView) -> bool:
    return (
        review.direction == Direction.OF_PERFORMER
        and review.published_at is not None
        and review.hidden_at is None
    )


def _event(kind: type[events.ReviewEvent], review: ReviewView) -> events.ReviewEvent:
    return kind(
        review_id=review.id,
        order_id=review.order_id,
        author_id=review.author_id,
        performer_id=review.performer_id,
        customer_id=review.customer_id,
        direction=review.direction,
    )
