"""What can go wrong in moderation."""

from marketplace.kernel.bulk import CHANGED_SINCE
from marketplace.kernel.errors import Conflict, Forbidden, NotFound


class OwnChange(Forbidden):
    code = "own_change"
    title = "Staff does not decide on their own changes"


class ChangeDecided(Conflict):
    code = "change_decided"
    title = "This change request is no longer pending"


class ClaimedByOther(Conflict):
    code = "claimed_by_other"
    title = "Another member of staff is looking at this"


class NothingToClaim(NotFound):
    code = "nothing_to_claim"
    title = "Nothing waits that nobody looks at"


class SubjectGone(Conflict):
    code = "subject_gone"
    title = "What was to be changed is no longer there; the request can only be rejected"


class ChangedSince(Conflict):
    code = CHANGED_SINCE
    title = "This is no longer as the decision left it"


class ForeignOperation(Forbidden):
    code = "foreign_operation"
    title = "Whoever decided takes it back, or an admin"


class AlreadyUndone(Conflict):
    code = "already_undone"
    title = "This was taken back already"


class UndoExpired(Conflict):
    code = "undo_expired"
    title = "This can no longer be taken back at once; decide again on each"


class FieldNotModerated(Conflict):
    code = "field_not_moderated"
    title = "Nothing in the program applies a change of this field; it can only be rejected"


class PendingExists(Conflict):
    code = "pending_exists"
    title = "Another change of this field was submitted at the same moment; try again"


class AlreadyReported(Conflict):
    code = "already_reported"
    title = "You have reported this already; staff will look at it"


class OwnContent(Forbidden):
    code = "own_content"
    title = "This is your own"


class OwnReport(Forbidden):
    code = "own_report"
    title = "Another member of staff decides on what you reported, and on what is reported of you"


class ReportClosed(Conflict):
    code = "report_closed"
    title = "This report is closed already"


CONSTRAINTS = {"uq_change_request_pending": PendingExists, "uq_report_open": AlreadyReported}
