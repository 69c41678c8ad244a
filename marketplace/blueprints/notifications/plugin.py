"""What notifications add to the program."""

from marketplace.blueprints.notifications.handlers import handlers, jobs
from marketplace.blueprints.notifications.routes import blp
from marketplace.blueprints.notifications.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


PLUGIN = Plugin(
    name="notifications",
    requires=("moderation", "accounts", "performers", "orders", "reviews"),
    blueprints=(blp,),
    setup=setup,
    handlers=handlers,
    jobs=jobs,
)
