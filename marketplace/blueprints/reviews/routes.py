"""The REST entry points of reviews."""

from typing import Any

from marketplace.blueprints.reviews import schemas
from marketplace.blueprints.reviews.policies import CACHE_TOPIC
from marketplace.blueprints.reviews.ports import RatingSummary, ReviewView
from marketplace.blueprints.reviews.wiring import reviews
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, performer, public, shows_more, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.caching import cached
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint("reviews", description="Reviews in both directions, double blind")


@blp.post("/orders/<int:order_id>/review")
@verified
@idempotent
@blp.problem(409, "`order_not_completed`, `review_window_closed`, `already_reviewed`")
@blp.arguments(schemas.ReviewCreate)
@blp.response(201, schemas.OrderReview)
def create_review(data: dict[str, Any], order_id: int) -> ReviewView:
    """Review the other party of a completed order; shown when both have written, or after 14 days"""
    return reviews().reviews.write(current_principal(), order_id, data)


@blp.get("/orders/<int:order_id>/reviews")
@verified
@blp.response(200, schemas.OrderReviews)
def list_order_reviews(order_id: int) -> dict[str, list[ReviewView]]:
    """The own review of an order and, once published, the other party's"""
    return {"reviews": reviews().reviews.list_of_order(current_principal(), order_id)}


@blp.get("/orders/<int:order_id>/customer-rating")
@performer
@blp.response(200, schemas.CustomerRating)
def get_customer_rating(order_id: int) -> RatingSummary:
    """How performers rated the customer of an order; only its performer sees this"""
    return reviews().reviews.summary_of_customer(current_principal(), order_id)


@blp.post("/reviews/<int:review_id>/reply")
@verified
@idempotent
@blp.problem(403, "`not_reviewed`, `not_verified`")
@blp.problem(409, "`already_replied`")
@blp.arguments(schemas.ReviewReply)
@blp.response(200, schemas.OrderReview)
def reply_to_review(data: dict[str, Any], review_id: int) -> ReviewView:
    """Answer a published review, once"""
    return reviews().reviews.reply(current_principal(), review_id, data["text"])


@blp.get("/performers/<int:performer_id>/reviews")
@public
@shows_more
@cached(CACHE_TOPIC, seconds=30)
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Review)
def list_performer_reviews(query: dict[str, Any], performer_id: int) -> Page[ReviewView]:
    """Published reviews of a performer, newest first"""
    page, _ = split_page(query)
    return reviews().reviews.list_public(performer_id, page)
