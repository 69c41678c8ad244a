"""/api/docs/events: the AsyncAPI document for people, with a console that connects."""

from collections.abc import Iterator
from typing import Any

from marketplace.web.openapi.asyncapi import events_document
from marketplace.web.pages.markdown import cell
from marketplace.web.pages.serving import Page

DEPTH = 3
"""How deep the tables look into objects."""
_INTRO = """\
# Events

{description}
The whole is the [AsyncAPI document](/api/v1/asyncapi.json), from which clients can be generated. The guide
[Chat and recovery](/api/docs/guides/chat) has a client that misses nothing.
"""


def events_page() -> Page:
    """The page, in the order of the document."""
    document = events_document("v1")
    parts = [_INTRO.format(description=document["info"]["description"])]
    for channel in document["channels"].values():
        parts.append(f"## Namespace `{channel['address']}`")
        for action, title in (("receive", "You send"), ("send", "You receive")):
            parts.append(f"### {title}")
            parts += list(_events(document, channel, action))
    return Page("\n\n".join(parts) + "\n", template="events.html")


def _events(document: dict[str, Any], channel: dict[str, Any], action: str) -> Iterator[str]:
    for operation in document["operations"].values():
        if operation["action"] != action or _followed(document, operation["channel"]) is not channel:
            continue
        message = _followed(document, operation["messages"][0])
        yield f"#### `{message['name']}`"
        yield operation.get("description") or operation["summary"]
        yield _table(document, message["payload"])
        for reply in operation.get("reply", {}).get("messages", ()):
            answer = _good(_followed(document, reply))
            yield f"Acknowledged by this, or by `error`:\n\n{_table(document, answer)}"


def _good(message: dict[str, Any]) -> dict[str, Any]:
    """The payload of an acknowledgement that is no error."""
    payload: dict[str, Any] = message["payload"]
    found: dict[str, Any] = payload.get("anyOf", [payload])[0]
    return found


def _table(document: dict[str, Any], schema: dict[str, Any]) -> str:
    rows = [
        f"| `{name}` | {kind} | {cell(text)} |" for name, kind, text in _fields(document, schema, "", DEPTH)
    ]
    if not rows:
        return "An empty object."
    return "\n".join(["| Field | Type | Meaning |", "| --- | --- | --- |", *rows])


def _fields(
    document: dict[str, Any], schema: dict[str, Any], prefix: str, depth: int
) -> Iterator[tuple[str, str, str]]:
    schema = _followed(document, schema)
    required = schema.get("required", ())
    for name, raw in schema.get("properties", {}).items():
        one = _followed(document, raw)
        optional = "" if name in required else ", optional"
        label = f"{prefix}{name}"
        yield label, _kind(document, one) + optional, raw.get("description") or one.get("description", "")
        inner = _followed(document, one.get("items", one))
        if depth > 1 and inner.get("properties"):
            mark = "[]" if "items" in one else ""
            yield from _fields(document, inner, f"{label}{mark}.", depth - 1)


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if "items" in schema:
        return f"list of {_kind(document, _followed(document, schema['items']))}"
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            kinds = (_kind(document, _followed(document, one)) for one in schema[word])
            return " or ".join(dict.fromkeys(kinds))
    kinds = schema.get("type", "object")
    text = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return f"{text} ({schema['format']})" if "format" in schema else text


def _followed(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema
