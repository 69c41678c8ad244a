"""The plugin of notifications: what they add to the program and give to other domains."""

from marketplace.blueprints.notifications.handlers import handlers, jobs
from marketplace.blueprints.notifications.routes import blp
from marketplace.blueprints.notifications.wiring import Notifications, build, notifications
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="notifications",
    requires=(
        "moderation",
        "performers",
        "orders",
        "disputes",
        "reviews",
        "certificates",
        "offers",
        "calendars",
        "waitlist",
    ),
    blueprints=(blp,),
    provides={Notifications: build},
    gives=(
        ExportSection("notifications", late(lambda: notifications().rows.export)),
        Erasure("notifications", late(lambda: notifications().rows.forget)),
    ),
    handlers=handlers,
    jobs=jobs,
)
