"""What operations add to the program."""

from marketplace.blueprints.operations import admin_routes, routes
from marketplace.blueprints.operations.cli import worker
from marketplace.blueprints.operations.demo.cli import commands as demo
from marketplace.blueprints.operations.handlers import jobs
from marketplace.blueprints.operations.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


PLUGIN = Plugin(
    name="operations",
    requires=("moderation",),
    blueprints=(admin_routes.blp,),
    root=(routes.root,),
    setup=setup,
    jobs=jobs,
    commands=(worker, demo),
)
