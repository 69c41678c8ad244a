"""What staff does with reviews."""

from typing import Any

from marketplace.blueprints.reviews import schemas
from marketplace.blueprints.reviews.ports import ReviewView
from marketplace.blueprints.reviews.wiring import reviews
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint("reviews_admin", description="Staff: reviews", url_prefix="/admin/reviews")


@blp.get("")
@staff
@blp.arguments(schemas.StaffReviewsQuery, location="query")
@blp.paged(schemas.StaffReview)
def list_all_reviews(query: dict[str, Any]) -> Page[ReviewView]:
    """All reviews, newest first"""
    page, filters = split_page(query)
    return reviews().reviews.list_all(page, filters)


@blp.post("/<int:review_id>/hide")
@staff
@idempotent
@blp.problem(403, "`own_review`, `staff_needed`")
@blp.problem(409, "`already_hidden`")
@blp.arguments(schemas.HideReason)
@blp.response(200, schemas.StaffReview)
def hide_review(data: dict[str, Any], review_id: int) -> ReviewView:
    """Take a review from public view and out of the rating"""
    return reviews().reviews.hide(current_principal(), review_id, data["reason"])


@blp.post("/<int:review_id>/restore")
@staff
@idempotent
@blp.problem(403, "`own_review`, `staff_needed`")
@blp.problem(409, "`not_hidden`")
@blp.response(200, schemas.StaffReview)
def restore_review(review_id: int) -> ReviewView:
    """Show a hidden review again"""
    return reviews().reviews.restore(current_principal(), review_id)
