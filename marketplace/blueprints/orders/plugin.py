"""What orders add to the program."""

from marketplace.blueprints.orders import admin_routes, routes
from marketplace.blueprints.orders.errors import CONSTRAINTS
from marketplace.blueprints.orders.handlers import handlers, jobs
from marketplace.blueprints.orders.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


PLUGIN = Plugin(
    name="orders",
    requires=("moderation", "accounts", "catalog", "performers"),
    blueprints=(routes.blp, admin_routes.blp),
    setup=setup,
    handlers=handlers,
    jobs=jobs,
    constraints=CONSTRAINTS,
)
