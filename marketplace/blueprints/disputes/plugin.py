"""The plugin of disputes: what they add to the program and give to other domains."""

from marketplace.blueprints.disputes.handlers import handlers, jobs
from marketplace.blueprints.disputes.routes import own, staff
from marketplace.blueprints.disputes.services.evidence import KIND
from marketplace.blueprints.disputes.wiring import Disputes, build, disputes, files_of, find_file
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.kernel.statistics import Counter, Queue
from marketplace.outside.ports import PrivateKind
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="disputes",
    requires=("accounts", "orders"),
    blueprints=(own.blp, staff.blp),
    provides={Disputes: build},
    gives=(
        Queue("disputes", late(lambda: disputes().numbers.waiting)),
        Counter("disputes_opened", late(lambda: disputes().numbers.opened)),
        PrivateKind(KIND, find_file),
        ExportSection("disputes", late(lambda: disputes().records.disputes)),
        ExportSection("evidence", late(lambda: disputes().records.evidence), files_of),
        Erasure("disputes", late(lambda: disputes().evidence.forget)),
    ),
    handlers=handlers,
    jobs=jobs,
)
