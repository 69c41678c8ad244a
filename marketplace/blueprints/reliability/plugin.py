"""The plugin of reliability: what it adds to the program and gives to other domains."""

from marketplace.blueprints.reliability.handlers import handlers, jobs
from marketplace.blueprints.reliability.wiring import Reliability, build, reliability
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="reliability",
    requires=("accounts", "performers", "orders", "chat"),
    provides={Reliability: build},
    gives=(
        ExportSection("performer_figures", late(lambda: reliability().rows.export)),
        Erasure("performer_figures", late(lambda: reliability().rows.forget)),
    ),
    handlers=handlers,
    jobs=jobs,
)
