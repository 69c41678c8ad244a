"""What can go wrong with reviews."""

from marketplace.kernel.errors import Conflict, Forbidden


class OrderNotCompleted(Conflict):
    code = "order_not_completed"
    title = "Only completed orders are reviewed"


class AlreadyReviewed(Conflict):
    code = "already_reviewed"
    title = "You have reviewed this order"


class ReviewWindowClosed(Conflict):
    code = "review_window_closed"
    title = "The time for reviewing this order is over"


class NotReviewed(Forbidden):
    code = "not_reviewed"
    title = "Only the reviewed party replies"


class AlreadyReplied(Conflict):
    code = "already_replied"
    title = "There is a reply to this review"


class NotHidden(Conflict):
    code = "not_hidden"
    title = "The review is not hidden"


class AlreadyHidden(Conflict):
    code = "already_hidden"
    title = "The review is hidden"


class OwnReview(Forbidden):
    code = "own_review"
    title = "Another member of staff decides on reviews by you or of you"


CONSTRAINTS = {"uq_review_order_id_author_id": AlreadyReviewed}
