"""The plugin of availability: what it adds to the program and gives to other domains."""

from marketplace.blueprints.availability.errors import CONSTRAINTS
from marketplace.blueprints.availability.handlers import jobs
from marketplace.blueprints.availability.routes import schedules, slots
from marketplace.blueprints.availability.routes.blueprint import blp
from marketplace.blueprints.availability.wiring import Availability, availability, build
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.plugins import Plugin
from marketplace.web.runtime import late

ROUTES = (schedules, slots)
"""The modules that fill the blueprint."""

PLUGIN = Plugin(
    name="availability",
    requires=("accounts", "performers", "offers"),
    blueprints=(blp,),
    provides={Availability: build},
    gives=(
        ExportSection("schedule", late(lambda: availability().rows.export)),
        Erasure("schedule", late(lambda: availability().rows.forget)),
        ExportSection("holds", late(lambda: availability().held.export)),
        Erasure("holds", late(lambda: availability().held.forget)),
    ),
    jobs=jobs,
    constraints=CONSTRAINTS,
)
