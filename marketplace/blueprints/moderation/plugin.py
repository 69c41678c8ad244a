"""What moderation adds to the program."""

from marketplace.blueprints.moderation import admin_routes, routes
from marketplace.blueprints.moderation.errors import CONSTRAINTS
from marketplace.blueprints.moderation.handlers import jobs
from marketplace.blueprints.moderation.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


PLUGIN = Plugin(
    name="moderation",
    blueprints=(routes.blp, routes.reports_blp, admin_routes.blp),
    setup=setup,
    jobs=jobs,
    constraints=CONSTRAINTS,
)
