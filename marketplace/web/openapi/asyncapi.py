"""The AsyncAPI 3 document of Socket.IO events, made from the same schemas that check them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from apispec import APISpec
from flask import Blueprint, Flask, Response, current_app, json

from marketplace.web.access import public
from marketplace.web.blueprint import VERSIONS
from marketplace.web.compressed import pack, send_packed
from marketplace.web.openapi.api import CONTACT, LICENSE, describe_problems
from marketplace.web.openapi.field_types import HardenedMarshmallowPlugin

_MADE = "marketplace_asyncapi"
_EVENTS = "marketplace_asyncapi_events"

_DESCRIPTION = """\
Socket.IO 5 at `/socket.io/`, over the WebSocket transport. Connect to a namespace with
`auth: {"token": access token}`; a refused connect carries a problem as `data`.

Every event that a client emits is one object, and is acknowledged: by what is documented as its reply,
or by a `SocketError`, after which the socket lives on. After every connect, `sync` gives what was missed.
"""

_SOCKET_ERROR: dict[str, Any] = {
    "type": "object",
    "description": "The ack of an event that was refused; the socket lives on",
    "properties": {"error": {"$ref": "#/components/schemas/Problem"}},
    "required": ["error"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class SocketEvent:
    """One event of a namespace. `ack` is None for events that servers send."""

    namespace: str
    name: str
    schema: type[ma.Schema]
    ack: type[ma.Schema] | None
    from_client: bool
    description: str


def asyncapi_blueprint(events_of: Callable[[Flask], Iterable[SocketEvent]]) -> Blueprint:
    """Serves /api/<version>/asyncapi.json with the events of `events_of(app)`."""
    blueprint = Blueprint("asyncapi", __name__)
    blueprint.record_once(lambda state: state.app.extensions.update({_EVENTS: events_of}))

    def serve(version: str) -> Callable[[], Response]:
        @public
        def asyncapi() -> Response:
            # The document never changes while the program runs: dumped once, at first use.
            made: dict[str, bytes] = current_app.extensions.setdefault(_MADE, {})
            if version not in made:
                made[version] = pack(json.dumps(events_document(version), sort_keys=False).encode())
            return send_packed(made[version], "application/json", seconds=300)

        return asyncapi

    for version in VERSIONS:
        blueprint.add_url_rule(f"/api/{version}/asyncapi.json", f"{version}_asyncapi", serve(version))
    return blueprint


def events_document(version: str) -> dict[str, Any]:
    """The document of the running program."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy's documented way
    return document(version, app.extensions[_EVENTS](app))


def document(version: str, events: Iterable[SocketEvent]) -> dict[str, Any]:
    """The AsyncAPI 3.1.0 document of `events`, in JSON types."""
    spec = APISpec("", version, "3.1.0", plugins=[HardenedMarshmallowPlugin()])
    describe_problems(spec)
    spec.components.schema("SocketError", _SOCKET_ERROR)
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for item in events:
        channel = item.namespace.strip("/") or "root"
        found = channels.setdefault(
            channel, {"address": item.namespace, "title": item.namespace, "messages": {}}
        )
        action = "receive" if item.from_client else "send"
        # Both sides have an event `typing`, and a key may hold no colon.
        key = f"{action}.{item.name.replace(':', '.')}"
        where = {"$ref": f"#/channels/{channel}"}
        operation: dict[str, Any] = {
            "action": action,
            "channel": where,
            "summary": item.description,
            "messages": [
                _add(
                    found, messages, channel, key, item.name, item.description, _reference(spec, item.schema)
                )
            ],
        }
        if item.from_client:
            answer = {"type": "object"} if item.ack is None else _reference(spec, item.ack)
            payload = {"anyOf": [answer, {"$ref": "#/components/schemas/SocketError"}]}
            ack = f"{item.name} (ack)"
            about = f"The ack of `{item.name}`"
            reply = _add(found, messages, channel, f"{key}.ack", ack, about, payload)
            operation["reply"] = {"channel": where, "messages": [reply]}
        operations[key] = operation
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Marketplace sockets",
            "version": version,
            "description": _DESCRIPTION,
            # AsyncAPI knows no `identifier`.
            "license": {"name": LICENSE["name"]},
            "contact": CONTACT,
        },
        "defaultContentType": "application/json",
        "servers": {
            "this": {
                "host": "{host}",
                "pathname": "/socket.io/",
                "protocol": "wss",
                "description": "The host that serves this document",
                "variables": {"host": {"default": "127.0.0.1:8000"}},
                "security": [{"$ref": "#/components/securitySchemes/bearer"}],
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": spec.to_dict()["components"]["schemas"],
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _add(
    channel: dict[str, Any],
    messages: dict[str, Any],
    name: str,
    key: str,
    title: str,
    about: str,
    payload: Any,
) -> dict[str, str]:
    messages[key] = {"name": title, "title": title, "summary": about, "payload": payload}
    channel["messages"][key] = {"$ref": f"#/components/messages/{key}"}
    return {"$ref": f"#/channels/{name}/messages/{key}"}


def _reference(spec: APISpec, schema: type[ma.Schema]) -> dict[str, Any]:
    converter = next(
        plugin.converter for plugin in spec.plugins if isinstance(plugin, HardenedMarshmallowPlugin)
    )
    assert converter is not None
    found: dict[str, Any] = converter.resolve_nested_schema(schema)  # type: ignore[no-untyped-call]  # unannotated
    return found
