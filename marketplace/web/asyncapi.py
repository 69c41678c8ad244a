"""The AsyncAPI 3 document: what goes over Socket.IO, made from the same schemas that check it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from apispec import APISpec
from flask import Blueprint, Flask, Response, current_app, json

from marketplace.web.access import public
from marketplace.web.api import PROBLEM
from marketplace.web.blueprint import VERSIONS
from marketplace.web.openapi_fields import HardenedMarshmallowPlugin

_MADE = "marketplace_asyncapi"

_DESCRIPTION = """\
Socket.IO 5 at `/socket.io/`; connect with `auth: {"token": access token}`.

Every event that a client sends is one object, and is acknowledged: by what is documented as its reply, or by
`{"error": {problem}}`, after which the socket lives on. A refused connect carries the problem as `data`.
After every connect, `sync` gives what was missed.
"""


@dataclass(frozen=True)
class SocketEvent:
    """One event of a namespace. `ack` is None for what servers send."""

    namespace: str
    name: str
    schema: type[ma.Schema]
    ack: type[ma.Schema] | None
    from_client: bool
    description: str


def asyncapi_blueprint(events_of: Callable[[Flask], Iterable[SocketEvent]]) -> Blueprint:
    """Serves /api/<version>/asyncapi.json of the events that `events_of(app)` gives."""
    blueprint = Blueprint("asyncapi", __name__)

    def serve(version: str) -> Callable[[], Response]:
        @public
        def asyncapi() -> Response:
            # The document never changes while the program runs: dumped once, at first use.
            made: dict[str, bytes] = current_app.extensions.setdefault(_MADE, {})
            if version not in made:
                app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - the proxy's documented way
                made[version] = json.dumps(document(version, events_of(app)), sort_keys=False).encode()
            response = Response(made[version], content_type="application/json")
            response.headers["Cache-Control"] = "public, max-age=300"
            return response

        return asyncapi

    for version in VERSIONS:
        blueprint.add_url_rule(f"/api/{version}/asyncapi.json", f"{version}_asyncapi", serve(version))
    return blueprint


def document(version: str, events: Iterable[SocketEvent]) -> dict[str, Any]:
    """The AsyncAPI 3.0.0 document of `events`, as JSON knows it."""
    spec = APISpec("", version, "3.1.0", plugins=[HardenedMarshmallowPlugin()])
    spec.components.schema("Problem", PROBLEM)
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for item in events:
        channel = item.namespace.strip("/") or "root"
        found = channels.setdefault(channel, {"address": item.namespace, "messages": {}})
        action = "receive" if item.from_client else "send"
        # Both sides say `typing`, and a key holds no colon.
        key = f"{action}.{item.name.replace(':', '.')}"
        where = {"$ref": f"#/channels/{channel}"}
        operation: dict[str, Any] = {
            "action": action,
            "channel": where,
            "summary": item.description,
            "messages": [_add(found, messages, channel, key, item.name, _reference(spec, item.schema))],
        }
        if item.from_client:
            error = {
                "type": "object",
                "required": ["error"],
                "properties": {"error": {"$ref": "#/components/schemas/Problem"}},
            }
            answer = {"type": "object"} if item.ack is None else _reference(spec, item.ack)
            payload = {"anyOf": [answer, error]}
            reply = _add(found, messages, channel, f"{key}.ack", f"{item.name} (ack)", payload)
            operation["reply"] = {"channel": where, "messages": [reply]}
        operations[key] = operation
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Marketplace sockets", "version": version, "description": _DESCRIPTION},
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
    channel: dict[str, Any], messages: dict[str, Any], name: str, key: str, title: str, payload: Any
) -> dict[str, str]:
    messages[key] = {"name": title, "payload": payload}
    channel["messages"][key] = {"$ref": f"#/components/messages/{key}"}
    return {"$ref": f"#/channels/{name}/messages/{key}"}


def _reference(spec: APISpec, schema: type[ma.Schema]) -> dict[str, Any]:
    converter = next(
        plugin.converter for plugin in spec.plugins if isinstance(plugin, HardenedMarshmallowPlugin)
    )
    assert converter is not None
    found: dict[str, Any] = converter.resolve_nested_schema(schema)  # type: ignore[no-untyped-call]  # unannotated
    return found
