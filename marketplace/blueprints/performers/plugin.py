"""What performers add to the program."""

from marketplace.blueprints.performers import admin_routes, routes, routes_v2
from marketplace.blueprints.performers.blueprint import blp
from marketplace.blueprints.performers.cli import cli
from marketplace.blueprints.performers.errors import CONSTRAINTS
from marketplace.blueprints.performers.handlers import handlers, jobs
from marketplace.blueprints.performers.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


ROUTES = (routes, routes_v2, admin_routes)
"""The modules that fill the blueprint."""

PLUGIN = Plugin(
    name="performers",
    requires=("moderation", "accounts", "catalog"),
    blueprints=(blp,),
    setup=setup,
    handlers=handlers,
    jobs=jobs,
    commands=(cli,),
    constraints=CONSTRAINTS,
)
