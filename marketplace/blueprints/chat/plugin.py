"""The plugin of chat: what it adds to the program and gives to other domains."""

from collections.abc import Sequence

from marketplace.blueprints.chat.errors import CONSTRAINTS
from marketplace.blueprints.chat.handlers import handlers, jobs
from marketplace.blueprints.chat.routes.chats import blp
from marketplace.blueprints.chat.routes.documents import blueprint as documents
from marketplace.blueprints.chat.sockets import ChatNamespace
from marketplace.blueprints.chat.wiring import Chats, build, chats, find_sender
from marketplace.blueprints.moderation.contracts import Reportable
from marketplace.kernel.personal_data import ExportSection
from marketplace.plugins import Plugin
from marketplace.realtime.namespace import BaseNamespace
from marketplace.web.runtime import Runtime, late


def namespaces(runtime: Runtime) -> Sequence[BaseNamespace]:
    """The namespace `/chat`, which carries what every domain sends to sockets."""
    return [ChatNamespace(runtime.get(Chats))]


PLUGIN = Plugin(
    name="chat",
    requires=("moderation", "accounts", "performers", "orders"),
    blueprints=(blp,),
    root=(documents,),
    provides={Chats: build},
    gives=(
        Reportable("message", find_sender),
        ExportSection("chats", late(lambda: chats().records.chats)),
        ExportSection("messages", late(lambda: chats().records.messages)),
    ),
    namespaces=namespaces,
    handlers=handlers,
    jobs=jobs,
    constraints=CONSTRAINTS,
)
