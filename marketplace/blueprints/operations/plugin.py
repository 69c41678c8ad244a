"""The plugin of operations: what they add to the program and give to other domains."""

from marketplace.blueprints.operations.cli import worker
from marketplace.blueprints.operations.handlers import jobs
from marketplace.blueprints.operations.routes import probes, staff
from marketplace.blueprints.operations.wiring import Operations, build
from marketplace.plugins import Plugin

PLUGIN = Plugin(
    name="operations",
    requires=("moderation",),
    blueprints=(staff.blp,),
    root=(probes.root,),
    provides={Operations: build},
    jobs=jobs,
    commands=(worker,),
)
