"""The plugin of feeds: what they add to the program and give to other domains."""

from marketplace.blueprints.feeds.routes import blp, opened
from marketplace.blueprints.feeds.wiring import Feeds, build, feeds
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="feeds",
    requires=("accounts", "performers", "orders"),
    blueprints=(blp,),
    root=(opened,),
    provides={Feeds: build},
    gives=(
        ExportSection("feeds", late(lambda: feeds().rows.export)),
        Erasure("feeds", late(lambda: feeds().rows.forget)),
    ),
)
