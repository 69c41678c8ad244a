"""The plugin of series: what they add to the program and give to other domains."""

from marketplace.blueprints.series.routes import blp
from marketplace.blueprints.series.wiring import Series, build, series
from marketplace.kernel.personal_data import ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="series",
    requires=("accounts", "offers", "availability", "orders"),
    blueprints=(blp,),
    provides={Series: build},
    gives=(ExportSection("order_series", late(lambda: series().rows.export)),),
)
