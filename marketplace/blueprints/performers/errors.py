"""What can go wrong with performers, by stable code."""

from marketplace.kernel.errors import Conflict, Forbidden


class AlreadyPerformer(Conflict):
    code = "already_performer"
    title = "You have a performer profile already"


class CategoryGone(Conflict):
    code = "category_gone"
    title = "A category of this request is no longer offered"


class StatusNotAllowed(Conflict):
    code = "transition_not_allowed"
    title = "The performer's status does not allow this step"


class OwnPerformer(Forbidden):
    code = "own_performer"
    title = "Staff do not decide on their own profile"


CONSTRAINTS = {"uq_performer_user_id": AlreadyPerformer}
