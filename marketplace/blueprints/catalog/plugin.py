"""What the catalog adds to the program."""

from marketplace.blueprints.catalog.admin_routes import blp as admin_blp
from marketplace.blueprints.catalog.cli import commands
from marketplace.blueprints.catalog.errors import CONSTRAINTS
from marketplace.blueprints.catalog.handlers import handlers, jobs
from marketplace.blueprints.catalog.routes import blp
from marketplace.blueprints.catalog.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


PLUGIN = Plugin(
    name="catalog",
    requires=("integrations", "moderation", "accounts"),
    blueprints=(blp, admin_blp),
    setup=setup,
    handlers=handlers,
    jobs=jobs,
    commands=(commands,),
    constraints=CONSTRAINTS,
)
