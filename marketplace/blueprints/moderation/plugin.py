"""The plugin of moderation: what it adds to the program and gives to other domains."""

from marketplace.blueprints.moderation.contracts import BulkAction
from marketplace.blueprints.moderation.errors import CONSTRAINTS
from marketplace.blueprints.moderation.handlers import jobs
from marketplace.blueprints.moderation.policies import ChangeStatus
from marketplace.blueprints.moderation.routes import own, staff
from marketplace.blueprints.moderation.wiring import Moderation, build, forget_user, moderation
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.kernel.statistics import Counter, Queue
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="moderation",
    blueprints=(own.blp, own.reports_blp, staff.blp),
    provides={Moderation: build},
    gives=(
        BulkAction(
            "changes",
            (ChangeStatus.APPROVED, ChangeStatus.REJECTED, ChangeStatus.REVISION_REQUESTED),
            decision=lambda: moderation().bulk_changes,
        ),
        Counter("approved_changes", late(lambda: moderation().numbers.approved_changes)),
        Counter("reports", late(lambda: moderation().numbers.reports)),
        Queue("changes", late(lambda: moderation().numbers.changes_waiting)),
        Queue("reports", late(lambda: moderation().numbers.reports_waiting)),
        ExportSection("change_requests", late(lambda: moderation().personal.changes)),
        ExportSection("reports", late(lambda: moderation().personal.reports)),
        ExportSection("audit_log", late(lambda: moderation().personal.audit)),
        Erasure("moderation", forget_user, last=True),
    ),
    jobs=jobs,
    constraints=CONSTRAINTS,
)
