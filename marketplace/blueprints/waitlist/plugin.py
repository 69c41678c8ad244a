"""The plugin of the waiting list: what it adds to the program and gives to other domains."""

from marketplace.blueprints.waitlist.handlers import handlers, jobs
from marketplace.blueprints.waitlist.messages import OFFERED
from marketplace.blueprints.waitlist.routes import blp
from marketplace.blueprints.waitlist.wiring import Waitlist, build, waitlist
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="waitlist",
    requires=("accounts", "performers", "offers", "availability", "orders"),
    blueprints=(blp,),
    provides={Waitlist: build},
    gives=(
        OFFERED,
        ExportSection("waitlist", late(lambda: waitlist().rows.export)),
        Erasure("waitlist", late(lambda: waitlist().rows.forget)),
    ),
    handlers=handlers,
    jobs=jobs,
)
