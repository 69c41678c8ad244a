"""The use cases of reviews: writing, publishing, replying, hiding and counting."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from marketplace.blueprints.moderation.contracts import AuditLog, BulkDecision
from marketplace.blueprints.orders.contracts import OrderRef
from marketplace.blueprints.reviews import contracts as events
from marketplace.blueprints.reviews.errors import (
    AlreadyHidden,
    AlreadyReplied,
    AlreadyReviewed,
    NotHidden,
    NotReviewed,
    OnlyOfPerformers,
    OrderNotCompleted,
    OwnReview,
    ReviewWindowClosed,
)
from marketplace.blueprints.reviews.policies import (
    BATCH,
    PHOTO_KIND,
    RECOUNT_BATCH,
    WINDOW,
    PhotoSize,
    Reader,
    ReviewDirection,
    Visibility,
    photo_right,
)
from marketplace.blueprints.reviews.ports import (
    NewReview,
    RatingSummary,
    ReviewFilters,
    ReviewRepository,
    ReviewView,
)
from marketplace.kernel.bulk import CHANGED_SINCE, BulkOutcome, Moved, state
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Forbidden, Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.ratings import shown_average
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import PrivateLinks


class ReviewService(BulkDecision):
    """Reviews in both directions, published when both parties have written or the time is up."""

    def __init__(
        self,
        uow: UnitOfWork,
        reviews: ReviewRepository,
        find_order: Callable[[int], OrderRef | None],
        audit: AuditLog,
        links: PrivateLinks,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._reviews = reviews
        self._find_order = find_order
        self._audit = audit
        self._links = links
        self._clock = clock

    def check(self, caller: Principal, order_id: int, *, photos: bool) -> None:
        """Raises what `write` would, before slow work is done for it."""
        with self._uow:
            self._writable(self._party(caller, order_id), caller, more=photos)
            if any(one.author_id == caller.user_id for one in self._reviews.list_of_order(order_id)):
                raise AlreadyReviewed

    def write(self, caller: Principal, order_id: int, new: NewReview) -> ReviewView:
        """Write the caller's review of the other party.

        Raises NotFound (no party), OrderNotCompleted, ReviewWindowClosed, OnlyOfPerformers, AlreadyReviewed.
        """
        values = new.values
        aspects = values.get("aspects", {})
        with self._uow:
            self._party(caller, order_id)
            self._reviews.lock_order(order_id)
            order = self._party(caller, order_id)
            direction, publish_at = self._writable(order, caller, more=bool(aspects or new.photos))
            now = self._clock.now()
            review_id = self._reviews.add(
                {
                    "order_id": order.id,
                    "author_id": caller.user_id,
                    "direction": direction,
                    "performer_id": order.performer_id,
                    "customer_id": order.customer_id,
                    "rating": values["rating"],
                    **aspects,
                    "text": values.get("text", ""),
                    "note_to_staff": values.get("note_to_staff"),
                    "publish_at": publish_at,
                    "created_at": now,
                }
            )
            if new.photos:
                self._reviews.add_photos(review_id, new.photos)
            both = self._reviews.list_of_order(order.id)
            published = []
            if len(both) == len(ReviewDirection):
                published = self._reviews.publish_of_order(order.id, now)
            written = next(one for one in published or both if one.id == review_id)
            self._published(published, _event(events.ReviewWritten, written))
            return self._seen(written)

    def _writable(
        self, order: OrderRef, caller: Principal, *, more: bool
    ) -> tuple[ReviewDirection, datetime]:
        """The direction of the caller's review, and when it is published at the latest; `more` for one with
        aspects or photos.
        """
        if order.status != "completed" or order.completed_at is None:
            raise OrderNotCompleted
        publish_at = order.completed_at + WINDOW
        if self._clock.now() > publish_at:
            raise ReviewWindowClosed
        if caller.user_id == order.customer_id:
            return ReviewDirection.OF_PERFORMER, publish_at
        if more:
            raise OnlyOfPerformers
        return ReviewDirection.OF_CUSTOMER, publish_at

    def list_of_order(self, caller: Principal, order_id: int) -> list[ReviewView]:
        """The reviews of an order that the caller may see: own ones, and published ones. Raises NotFound."""
        self._party(caller, order_id)
        return [
            self._seen(review)
            for review in self._reviews.list_of_order(order_id)
            if review.author_id == caller.user_id
            or (review.published_at is not None and review.hidden_at is None)
        ]

    def reply(self, caller: Principal, review_id: int, text: str) -> ReviewView:
        """Store the one public reply of the reviewed party. Raises NotFound, NotReviewed, AlreadyReplied."""
        with self._uow:
            # Locked, so that a reply and a decision of staff to hide take turns.
            review = next(iter(self._reviews.lock([review_id])), None)
            if review is None or review.published_at is None or review.hidden_at is not None:
                raise NotFound
            reviewed = (
                review.performer_user_id
                if review.direction == ReviewDirection.OF_PERFORMER
                else review.customer_id
            )
            if caller.user_id != reviewed:
                # A review of a customer is not public.
                if review.direction == ReviewDirection.OF_CUSTOMER and caller.user_id != review.author_id:
                    raise NotFound
                raise NotReviewed
            if not self._reviews.set_reply(review_id, text, self._clock.now()):
                raise AlreadyReplied
            self._uow.record(_event(events.ReviewReplied, review))
            return self._seen(self._found(review_id))

    def list_all(self, page: PageRequest, filters: ReviewFilters) -> Page[ReviewView]:
        """For staff, the newest first. Raises InvalidCursor."""
        found = self._reviews.list_all(page, filters)
        return replace(found, items=[self._seen(review, Reader.STAFF) for review in found.items])

    def summary_of_customer(self, caller: Principal, order_id: int) -> RatingSummary:
        """The rating of the customer of an order, for its performer. Raises NotFound, Forbidden."""
        order = self._party(caller, order_id)
        if caller.user_id != order.performer_user_id:
            raise Forbidden("Ratings of customers are seen only by performers")
        count, total = self._reviews.summary_of_customer(order.customer_id)
        return RatingSummary(count=count, average=shown_average(count, total))

    def publish_due(self) -> int:
        """Publish a batch of reviews whose time is up, although the other party wrote none; returns how
        many.
        """
        with self._uow:
            due = self._reviews.publish_due(self._clock.now(), BATCH)
            self._published(due)
            return len(due)

    def recount(self, after: int = 0) -> tuple[int | None, int]:
        """Correct the figures of the next performers after the id `after`.

        Returns the id to continue after (None at the end), and how many performers' figures were wrong.
        """
        with self._uow:
            return self._reviews.recount(after, RECOUNT_BATCH)

    def recount_customers(self, after: int = 0) -> tuple[int | None, int]:
        """As `recount`, for the figures of customers."""
        with self._uow:
            return self._reviews.recount_customers(after, RECOUNT_BATCH)

    def hide(self, actor: Principal, review_id: int, reason: str) -> ReviewView:
        """Hide a review from the public, and remove it from the figures.

        Raises NotFound, OwnReview, AlreadyHidden.
        """
        return self._decide(actor, review_id, Visibility.HIDDEN, reason)

    def hide_reported(self, actor: Principal, review_id: int, reason: str) -> None:
        """As `hide`; nothing happens to one that is hidden already."""
        with self._uow:
            error = self._move(actor, [review_id], Visibility.HIDDEN, reason)[0][review_id]
            if error is not None and not isinstance(error, AlreadyHidden):
                raise error

    def restore(self, actor: Principal, review_id: int) -> ReviewView:
        """Undo `hide`. Raises NotFound, OwnReview, NotHidden."""
        return self._decide(actor, review_id, Visibility.VISIBLE, None)

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
        outcome, moved = self._move(actor, ids, Visibility(status), reason)
        return BulkOutcome({key: error.code if error else None for key, error in outcome.items()}, moved)

    def _move(
        self, actor: Principal, ids: Sequence[int], status: Visibility, reason: str | None
    ) -> tuple[dict[int, AppError | None], list[Moved]]:
        """Returns for each id what prevented the change, and what was changed.

        Raises Invalid when reviews are to be hidden without a reason.
        """
        hide = status is Visibility.HIDDEN
        if hide and not reason:
            raise Invalid(errors={"json": {"reason": ["Say why the review is hidden."]}})
        outcome: dict[int, AppError | None] = {review_id: NotFound() for review_id in ids}
        with self._uow:
            moving = []
            for review in self._reviews.lock(ids):
                outcome[review.id] = _objection(actor, review, hide=hide)
                if outcome[review.id] is None:
                    moving.append(review)
            moved = self._set_hidden(actor, moving, reason if hide else None, hide=hide)
        return outcome, moved

    def undo(self, moved: Sequence[Moved], actor: Principal) -> dict[int, str | None]:
        wanted = {one.id: one for one in moved}
        codes: dict[int, str | None] = dict.fromkeys(wanted, NotFound.code)
        with self._uow:
            back = []
            for review in self._reviews.lock(list(wanted)):
                if actor.user_id in {review.customer_id, review.performer_user_id}:
                    codes[review.id] = OwnReview.code
                elif _state(review) != wanted[review.id].after:
                    codes[review.id] = CHANGED_SINCE
                else:
                    codes[review.id] = None
                    back.append(review)
            self._reviews.restore({review.id: wanted[review.id].before for review in back})
            turned = {
                hidden: [review for review in back if (review.hidden_at is None) == hidden]
                for hidden in (True, False)
            }
            for hidden, reviews in turned.items():
                kind = events.ReviewHidden if hidden else events.ReviewRestored
                self._uow.record_many([_event(kind, review) for review in reviews])
            subjects = [(one.id, _state(one), wanted[one.id].before) for one in back]
            self._audit.write_many("review.undone", "review", subjects, actor=actor)
            for hidden, reviews in turned.items():
                counted = [one for one in reviews if one.published_at is not None]
                self._count(counted, -1 if hidden else 1)
        return codes

    def _decide(self, actor: Principal, review_id: int, status: Visibility, reason: str | None) -> ReviewView:
        with self._uow:
            error = self._move(actor, [review_id], status, reason)[0][review_id]
            if error is not None:
                raise error
            return self._seen(self._found(review_id), Reader.STAFF)

    def _set_hidden(
        self, actor: Principal, reviews: list[ReviewView], reason: str | None, *, hide: bool
    ) -> list[Moved]:
        if not reviews:
            return []
        at = self._clock.now() if hide else None
        self._reviews.set_hidden([review.id for review in reviews], at, reason)
        before, after = {"hidden": not hide}, {"hidden": hide}
        subjects = [(review.id, before, after) for review in reviews]
        action = "review.hide" if hide else "review.restore"
        self._audit.write_many(action, "review", subjects, actor=actor, reason=reason)
        kind = events.ReviewHidden if hide else events.ReviewRestored
        self._uow.record_many([_event(kind, review) for review in reviews])
        counted = [review for review in reviews if review.published_at is not None]
        self._count(counted, -1 if hide else 1)
        left = state(hidden_at=at, hidden_reason=reason)
        return [Moved(review.id, _state(review), left) for review in reviews]

    def _published(self, reviews: Sequence[ReviewView], *before: events.ReviewEvent) -> None:
        # Staff may have hidden a review before it was published: it counts once it is restored.
        shown = [review for review in reviews if review.hidden_at is None]
        self._uow.record_many([*before, *(_event(events.ReviewPublished, review) for review in shown)])
        self._count(shown, 1)

    def _count(self, reviews: Sequence[ReviewView], sign: int) -> None:
        # The last statements of each use case, since others wait for the rows of the figures.
        if reviews:
            self._reviews.count([review.id for review in reviews], sign)

    def _seen(self, review: ReviewView, reader: Reader = Reader.PARTY) -> ReviewView:
        """The review with links to its photos, which work whether or not everybody may see it. Who is not
        staff sees no photos of a hidden one.
        """
        if review.hidden_at is not None and reader is not Reader.STAFF:
            return replace(review, photos=())
        whole, thumbnail = (photo_right(reader, size) for size in (PhotoSize.WHOLE, PhotoSize.THUMBNAIL))
        photos = [
            replace(
                photo,
                url=self._links.link(PHOTO_KIND, photo.id, whole),
                thumbnail_url=self._links.link(PHOTO_KIND, photo.id, thumbnail),
            )
            for photo in review.photos
        ]
        return replace(review, photos=photos)

    def _party(self, caller: Principal, order_id: int) -> OrderRef:
        order = self._find_order(order_id)
        if order is None or caller.user_id not in {order.customer_id, order.performer_user_id}:
            raise NotFound
        return order

    def _found(self, review_id: int) -> ReviewView:
        review = self._reviews.find(review_id)
        if review is None:
            raise NotFound
        return review


def _state(review: ReviewView) -> dict[str, Any]:
    return state(hidden_at=review.hidden_at, hidden_reason=review.hidden_reason)


def _objection(actor: Principal, review: ReviewView, *, hide: bool) -> AppError | None:
    if actor.user_id in {review.customer_id, review.performer_user_id}:
        return OwnReview()
    if hide:
        return AlreadyHidden() if review.hidden_at is not None else None
    return NotHidden() if review.hidden_at is None else None


def _event(kind: type[events.ReviewEvent], review: ReviewView) -> events.ReviewEvent:
    return kind(
        review_id=review.id,
        order_id=review.order_id,
        author_id=review.author_id,
        performer_id=review.performer_id,
        customer_id=review.customer_id,
        direction=review.direction,
    )
