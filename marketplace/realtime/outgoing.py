"""Events that servers send to sockets: each is declared once, with its schema, and thereby documented."""

from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from marketplace.realtime.publish import publish

DECLARED: dict[str, "Outgoing"] = {}
"""Every declared event by name; filled while modules are imported, constant after that."""


@dataclass(frozen=True)
class Outgoing:
    """An event from server to client; `description` says when it is sent."""

    name: str
    schema: type[ma.Schema]
    description: str

    def publish(self, room: str, value: Any) -> None:
        """Send `value`, dumped by the schema, to `room`; see `marketplace.realtime.publish`."""
        publish(room, self.name, self.schema().dump(value))


def outgoing(name: str, schema: type[ma.Schema], description: str) -> Outgoing:
    """Declare an event. Raises ValueError for a name that is taken."""
    if name in DECLARED:
        raise ValueError(f"two outgoing events are named {name!r}")
    return DECLARED.setdefault(name, Outgoing(name, schema, description))
