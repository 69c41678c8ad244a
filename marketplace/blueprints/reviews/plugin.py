"""What reviews add to the program."""

from marketplace.blueprints.reviews import admin_routes, routes
from marketplace.blueprints.reviews.errors import CONSTRAINTS
from marketplace.blueprints.reviews.handlers import handlers, jobs
from marketplace.blueprints.reviews.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


PLUGIN = Plugin(
    name="reviews",
    requires=("moderation", "accounts", "performers", "orders"),
    blueprints=(routes.blp, admin_routes.blp),
    setup=setup,
    handlers=handlers,
    jobs=jobs,
    constraints=CONSTRAINTS,
)
