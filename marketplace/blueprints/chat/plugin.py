"""What chat adds to the program."""

from collections.abc import Sequence

from marketplace.blueprints.chat.documents import blueprint as documents
from marketplace.blueprints.chat.errors import CONSTRAINTS
from marketplace.blueprints.chat.handlers import handlers, jobs
from marketplace.blueprints.chat.routes import blp
from marketplace.blueprints.chat.sockets import ChatNamespace
from marketplace.blueprints.chat.wiring import Chats, build
from marketplace.plugins import Plugin
from marketplace.realtime.namespace import BaseNamespace
from marketplace.web.runtime import Runtime


def setup(runtime: Runtime) -> None:
    """Build the services."""
    runtime.provide(build(runtime))


def namespaces(runtime: Runtime) -> Sequence[BaseNamespace]:
    """The namespace `/chat`, which carries what every domain sends to sockets."""
    return [ChatNamespace(runtime.get(Chats))]


PLUGIN = Plugin(
    name="chat",
    requires=("moderation", "accounts", "performers", "orders"),
    blueprints=(blp,),
    root=(documents,),
    setup=setup,
    namespaces=namespaces,
    handlers=handlers,
    jobs=jobs,
    constraints=CONSTRAINTS,
)
