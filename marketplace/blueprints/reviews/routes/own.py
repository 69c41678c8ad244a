"""Routes of reviews for their authors, and public lists."""

from typing import Any

from flask import request

from marketplace.blueprints.orders.schemas.orders import CustomerRating
from marketplace.blueprints.reviews import schemas
from marketplace.blueprints.reviews.policies import CACHE_TOPIC
from marketplace.blueprints.reviews.ports import NewReview, RatingSummary, ReviewView
from marketplace.blueprints.reviews.wiring import reviews
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, performer, public, shows_more, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.caching.responses import cached
from marketplace.web.idempotency import idempotent, idempotent_after
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint(
    "reviews",
    description="The parties of a completed order review each other. Neither sees the other's review before"
    " both have written, or 14 days have passed.",
    rank=75,
)


def _prepared(data: dict[str, Any]) -> NewReview:
    order_id = (request.view_args or {})["order_id"]
    return reviews().photos.prepare(current_principal(), order_id, data, data.pop("photos", ()))


def _discard(new: NewReview) -> None:
    reviews().photos.discard(new)


@blp.post("/orders/<int:order_id>/review")
@verified
@blp.problems(
    "order_not_completed",
    "review_window_closed",
    "only_of_performers",
    "already_reviewed",
    "not_a_picture",
    "picture_too_large",
    "photos_too_large",
    "pictures_at_once",
    "pictures_spent",
    "storage_full",
)
@blp.arguments(schemas.ReviewCreate, location="json_or_form")
@idempotent_after(_prepared, _discard)
@blp.response(201, schemas.OrderReview)
def create_review(new: NewReview, order_id: int) -> ReviewView:
    """Review the other party of an order

    The order is `completed` and you are its customer or its performer: you write once, within 14 days from
    then. Nobody but you sees the review until the other party has written too, or the 14 days are over;
    then it is published, and cannot be changed. The other party is notified when it is published.

    A customer may rate quality, punctuality and communication too, each or none of them, and add up to five
    photos: send multipart then, with `aspects` as JSON text. Photos are encoded anew, without the data that
    cameras add, and nobody but you sees them until the review is published. About a customer the answer is
    `only_of_performers`.

    Before the order is completed the answer is `order_not_completed`, after the 14 days
    `review_window_closed`, and to a second review `already_reviewed`.
    """
    return reviews().reviews.write(current_principal(), order_id, new)


@blp.get("/orders/<int:order_id>/reviews")
@verified
@blp.response(200, schemas.OrderReviews)
def list_order_reviews(order_id: int) -> dict[str, list[ReviewView]]:
    """List the reviews of an order

    You see your own review at once, and the other party's once it is published. Somebody who is no party of
    the order gets `not_found`.
    """
    return {"reviews": reviews().reviews.list_of_order(current_principal(), order_id)}


@blp.get("/orders/<int:order_id>/customer-rating")
@performer
@blp.problems("forbidden")
@blp.response(200, CustomerRating)
def get_customer_rating(order_id: int) -> RatingSummary:
    """Get the rating of an order's customer

    As the performer of the order you see how performers rated its customer, for example before you accept;
    the order itself shows the same as `customer_rating`.
    The customer gets `forbidden`, everybody else `not_found`.
    """
    return reviews().reviews.summary_of_customer(current_principal(), order_id)


@blp.post("/reviews/<int:review_id>/reply")
@verified
@idempotent
@blp.problems("not_reviewed", "already_replied")
@blp.arguments(schemas.ReviewReply)
@blp.response(200, schemas.OrderReview)
def reply_to_review(data: dict[str, Any], review_id: int) -> ReviewView:
    """Reply to a review

    You are the one whom a published review is about, and answer it once; whoever reads the review reads the
    answer. Others get `not_reviewed`, and a second answer is `already_replied`.
    """
    return reviews().reviews.reply(current_principal(), review_id, data["text"])


@blp.get("/performers/<int:performer_id>/reviews")
@public
@shows_more
@cached(CACHE_TOPIC, seconds=30)
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Review)
def list_performer_reviews(query: dict[str, Any], performer_id: int) -> Page[ReviewView]:
    """List the reviews of a performer

    You get the published reviews of the performer by customers, the newest first. The answer is up to 30
    seconds old.
    """
    page, _ = split_page(query)
    return reviews().rows.list_public(performer_id, page)
