"""Errors of moderation."""

from marketplace.kernel.bulk import CHANGED_SINCE
from marketplace.kernel.errors import Conflict, Forbidden, NotFound


class OwnChange(Forbidden):
    """A member of staff decides on a change request of the own account."""

    code = "own_change"
    title = "Staff does not decide on their own changes"
    remedy = "Leave the decision to another member of staff."


class ChangeNotPending(Conflict):
    """The change request was decided, withdrawn or replaced by a newer one."""

    code = "change_decided"
    title = "This change request is no longer pending"
    remedy = "Read the queue again; there is nothing left to decide here."


class ClaimedByOther(Conflict):
    """Another member of staff has claimed the item and has not released it."""

    code = "claimed_by_other"
    title = "Another member of staff is looking at this"
    remedy = "Take the next item of the queue, or wait until the claim ends."


class NothingToClaim(NotFound):
    """The queue has no item that nobody has claimed."""

    code = "nothing_to_claim"
    title = "Nothing waits that nobody looks at"
    remedy = "Ask again later, or open the queue to see who works on what."


class SubjectGone(Conflict):
    """The change request concerns something that was deleted meanwhile."""

    code = "subject_gone"
    title = "What was to be changed is no longer there; the request can only be rejected"
    remedy = "Reject the request."


class ChangedSince(Conflict):
    """The decision is to be taken back, and what it decided on was changed again after it."""

    code = CHANGED_SINCE
    title = "This is no longer as the decision left it"
    remedy = "Look at the current state and decide anew."


class ForeignOperation(Forbidden):
    """A decision is to be taken back by somebody who did not make it and is no admin."""

    code = "foreign_operation"
    title = "Whoever decided takes it back, or an admin"
    remedy = "Ask whoever decided, or an admin, to take it back."


class AlreadyUndone(Conflict):
    """The decision was taken back before."""

    code = "already_undone"
    title = "This was taken back already"
    remedy = "Nothing is left to do: read the items again to see their state."


class UndoExpired(Conflict):
    """The time in which a decision can be taken back as a whole is over."""

    code = "undo_expired"
    title = "This can no longer be taken back at once; decide again on each"
    remedy = "Decide on each item again."


class FieldNotModerated(Conflict):
    """The change request concerns a field that no installed plugin applies any more."""

    code = "field_not_moderated"
    title = "Nothing in the program applies a change of this field; it can only be rejected"
    remedy = "Reject the request, or install the plugin that knows the field."


class PendingExists(Conflict):
    """Another request for changing the same field was submitted at the same moment."""

    code = "pending_exists"
    title = "Another change of this field was submitted at the same moment; try again"
    remedy = "Send the request again: it then replaces the other one."


class AlreadyReported(Conflict):
    """The caller has reported the same thing, and the report is still open."""

    code = "already_reported"
    title = "You have reported this already; staff will look at it"
    remedy = "Wait for staff; there is no need to report it again."


class OwnContent(Forbidden):
    """The caller reports something that the caller has written or owns."""

    code = "own_content"
    title = "This is your own"
    remedy = "Edit or delete it instead of reporting it."


class OwnReport(Forbidden):
    """A member of staff decides on a report that they made, or that concerns them."""

    code = "own_report"
    title = "Another member of staff decides on what you reported, and on what is reported of you"
    remedy = "Leave the decision to another member of staff."


class ReportNotOpen(Conflict):
    """The report is to be closed, and somebody has closed it already."""

    code = "report_closed"
    title = "This report is closed already"
    remedy = "Read the report again to see its outcome."


CONSTRAINTS = {"uq_change_request_pending": PendingExists, "uq_report_open": AlreadyReported}
