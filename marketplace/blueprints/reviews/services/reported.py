"""What moderation asks of reviews that users have reported."""

from collections.abc import Mapping, Sequence

from marketplace.blueprints.moderation.contracts import ReportedContent
from marketplace.blueprints.reviews.policies import (
    PHOTO_KIND,
    PhotoSize,
    Reader,
    ReviewDirection,
    photo_right,
)
from marketplace.blueprints.reviews.ports import ReviewRepository
from marketplace.kernel.identity import Principal
from marketplace.outside.ports import PrivateLinks


class ReportedReviews:
    """Whose a review is, and what staff reads of it."""

    def __init__(self, reviews: ReviewRepository, links: PrivateLinks) -> None:
        self._reviews = reviews
        self._links = links

    def author_for(self, caller: Principal, review_id: int) -> int | None:
        """The author of a review that the caller may see; None for any other."""
        review = self._reviews.find(review_id)
        if review is None or review.published_at is None or review.hidden_at is not None:
            return None
        parties = {review.customer_id, review.performer_user_id}
        is_public = review.direction == ReviewDirection.OF_PERFORMER
        return review.author_id if is_public or caller.user_id in parties else None

    def show(self, review_ids: Sequence[int]) -> Mapping[int, ReportedContent]:
        """The texts and photos of reviews, by id, hidden ones too; in one query."""
        right = photo_right(Reader.STAFF, PhotoSize.WHOLE)
        return {
            review.id: ReportedContent(
                text=review.text,
                pictures=[self._links.link(PHOTO_KIND, photo.id, right) for photo in review.photos],
                hidden=review.hidden_at is not None,
            )
            for review in self._reviews.find_many(review_ids)
        }
