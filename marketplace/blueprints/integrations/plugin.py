"""What integrations add to the program."""

from marketplace.blueprints.integrations.routes import blp
from marketplace.blueprints.integrations.wiring import build
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build senders and the file store."""
    runtime.provide(build(runtime))


PLUGIN = Plugin(name="integrations", root=(blp,), setup=setup)
