"""What can go wrong in moderation."""

from marketplace.kernel.errors import Conflict, Forbidden


class OwnSubject(Forbidden):
    code = "own_subject"
    title = "Staff does not decide on their own account"


class ChangeDecided(Conflict):
    code = "change_decided"
    title = "This change request is no longer pending"


class PendingExists(Conflict):
    code = "pending_exists"
    title = "Another change of this field was submitted at the same moment; try again"


CONSTRAINTS = {"uq_change_request_pending": PendingExists}
