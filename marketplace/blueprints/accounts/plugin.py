"""What accounts add to the program."""

from marketplace.blueprints.accounts import (  # noqa: F401 - they declare the routes
    admin_routes,
    me_routes,
    privacy_routes,
    routes,
)
from marketplace.blueprints.accounts.blueprint import blp, staff_blp
from marketplace.blueprints.accounts.cli import commands
from marketplace.blueprints.accounts.errors import CONSTRAINTS
from marketplace.blueprints.accounts.handlers import handlers, jobs
from marketplace.blueprints.accounts.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services; they also tell the web layer who is calling."""
    built = build(runtime)
    runtime.provide(built)
    runtime.authenticator = built.sessions


PLUGIN = Plugin(
    name="accounts",
    requires=("integrations", "moderation"),
    blueprints=(blp, staff_blp),
    setup=setup,
    handlers=handlers,
    jobs=jobs,
    commands=(commands,),
    constraints=CONSTRAINTS,
)
