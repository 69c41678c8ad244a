"""Routes of staff for reviews."""

from typing import Any

from marketplace.blueprints.reviews import schemas
from marketplace.blueprints.reviews.ports import ReviewFilters, ReviewView
from marketplace.blueprints.reviews.wiring import reviews
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "reviews_admin",
    description="Staff: reviews",
    url_prefix="/admin/reviews",
    staff={"reviews": "Staff hides reviews that break the rules, and shows them again."},
)


@blp.get("")
@staff
@blp.arguments(schemas.StaffReviewsQuery, location="query")
@blp.paged(schemas.StaffReview)
def list_all_reviews(query: dict[str, Any]) -> Page[ReviewView]:
    """List all reviews

    The newest come first, in both directions, those that are not published or hidden too.
    """
    page, filters = split_page(query)
    return reviews().reviews.list_all(page, ReviewFilters(**filters))


@blp.post("/<int:review_id>/hide")
@staff
@idempotent
@blp.problems("own_review", "already_hidden")
@blp.arguments(schemas.HideReason)
@blp.response(200, schemas.StaffReview)
def hide_review(data: dict[str, Any], review_id: int) -> ReviewView:
    """Hide a review

    Nobody but staff and its author sees the review any more, and it does not count in the rating. Reviews
    by you or of you are left to others (`own_review`).
    """
    return reviews().reviews.hide(current_principal(), review_id, data["reason"])


@blp.post("/<int:review_id>/restore")
@staff
@idempotent
@blp.problems("own_review", "not_hidden")
@blp.response(200, schemas.StaffReview)
def restore_review(review_id: int) -> ReviewView:
    """Restore a hidden review

    The review is shown again and counts again. Reviews by you or of you are left to others (`own_review`).
    """
    return reviews().reviews.restore(current_principal(), review_id)
