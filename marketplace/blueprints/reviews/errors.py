"""Errors of reviews."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid


class OrderNotCompleted(Conflict):
    """The order is to be reviewed before it is completed."""

    code = "order_not_completed"
    title = "Only completed orders are reviewed"
    remedy = "Wait until the order's status is completed."


class AlreadyReviewed(Conflict):
    """The caller has reviewed the order; each party does it once."""

    code = "already_reviewed"
    title = "You have reviewed this order"
    remedy = "Show the review that is there; it cannot be replaced."


class ReviewWindowClosed(Conflict):
    """The days in which a completed order can be reviewed are over."""

    code = "review_window_closed"
    title = "The time for reviewing this order is over"
    remedy = "Do not offer the review any more."


class OnlyOfPerformers(Invalid):
    """A performer rates a customer by aspects, or sends photos with a review of one."""

    code = "only_of_performers"
    title = "Aspects and photos belong to reviews of performers"
    remedy = "Offer aspects and photos only to the customer of the order."


class PhotosTooLarge(Invalid):
    """The photos of one review have more pixels together than can be processed safely."""

    code = "photos_too_large"
    title = "The photos of one review may have at most 75 million pixels together"
    remedy = "Make the photos smaller, or send fewer."


class NotReviewed(Forbidden):
    """Somebody else than the reviewed party replies to a review."""

    code = "not_reviewed"
    title = "Only the reviewed party replies"
    remedy = "Offer the reply only to the person whom the review is about."


class AlreadyReplied(Conflict):
    """The review has its reply; there is one at most."""

    code = "already_replied"
    title = "There is a reply to this review"
    remedy = "Show the reply that is there."


class NotHidden(Conflict):
    """The review is to be shown again, and it is not hidden."""

    code = "not_hidden"
    title = "The review is not hidden"
    remedy = "Nothing is left to do: read the review again."


class AlreadyHidden(Conflict):
    """The review is to be hidden, and staff has hidden it already."""

    code = "already_hidden"
    title = "The review is hidden"
    remedy = "Nothing is left to do: read the review again."


class OwnReview(Forbidden):
    """A member of staff decides on a review that they wrote, or that is about them."""

    code = "own_review"
    title = "Another member of staff decides on reviews by you or of you"
    remedy = "Leave the decision to another member of staff."


CONSTRAINTS = {"uq_review_order_id_author_id": AlreadyReviewed}
