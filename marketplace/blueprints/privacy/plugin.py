"""The plugin of privacy: what it adds to the program and gives to other domains."""

from marketplace.blueprints.privacy.handlers import handlers, jobs
from marketplace.blueprints.privacy.messages import EXPORT_READY
from marketplace.blueprints.privacy.routes import blp
from marketplace.blueprints.privacy.wiring import Privacy, build, privacy
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="privacy",
    requires=("moderation", "accounts"),
    blueprints=(blp,),
    provides={Privacy: build},
    gives=(
        EXPORT_READY,
        ExportSection("exports", late(lambda: privacy().export_rows.section)),
        Erasure("exports", late(lambda: privacy().exports.discard)),
    ),
    handlers=handlers,
    jobs=jobs,
)
