"""The plugin of offers: what they add to the program and give to other domains."""

from marketplace.blueprints.catalog.contracts import CategoryUse
from marketplace.blueprints.moderation.contracts import BulkAction, Reportable
from marketplace.blueprints.offers.policies import Visibility
from marketplace.blueprints.offers.routes import services, staff
from marketplace.blueprints.offers.wiring import Offers, build, find_provider, forget_user, offers
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

PLUGIN = Plugin(
    name="offers",
    requires=("moderation", "accounts", "catalog"),
    blueprints=(services.blp, staff.blp),
    provides={Offers: build},
    gives=(
        BulkAction("services", tuple(Visibility), decision=lambda: offers().moderation),
        Reportable("service", find_provider),
        CategoryUse("services", late(lambda: offers().services.move_category)),
        ExportSection("services", late(lambda: offers().records.services)),
        Erasure("services", forget_user),
    ),
)
