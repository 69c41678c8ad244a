"""The plugin of calendars: what they add to the program and give to other domains."""

from marketplace.blueprints.calendars.handlers import jobs
from marketplace.blueprints.calendars.routes import blp
from marketplace.blueprints.calendars.wiring import Calendars, build, calendars
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="calendars",
    requires=("accounts", "performers", "availability"),
    blueprints=(blp,),
    provides={Calendars: build},
    gives=(
        ExportSection("calendars", late(lambda: calendars().own.export)),
        Erasure("calendars", late(lambda: calendars().rows.forget)),
    ),
    jobs=jobs,
)
