"""Errors of performers."""

from marketplace.kernel.errors import Conflict, Forbidden


class AlreadyPerformer(Conflict):
    """The caller has a performer profile, and an account has one at most."""

    code = "already_performer"
    title = "You have a performer profile already"
    remedy = "Edit the profile at PATCH /performers/me."


class CategoryGone(Conflict):
    """The change request names a category that was deactivated or deleted meanwhile."""

    code = "category_gone"
    title = "A category of this request is no longer offered"
    remedy = "Reject the request, so that the performer chooses other categories."


class StatusNotAllowed(Conflict):
    """The performer profile has a status from which this step does not lead."""

    code = "transition_not_allowed"
    title = "The performer's status does not allow this step"
    remedy = "Read the profile again, and offer the steps that its status allows."


class OwnPerformer(Forbidden):
    """A member of staff decides on the own performer profile."""

    code = "own_performer"
    title = "Staff do not decide on their own profile"
    remedy = "Leave the decision to another member of staff."


CONSTRAINTS = {"uq_performer_user_id": AlreadyPerformer}
