"""Types of the Socket.IO events, for TypeScript and Python, from an AsyncAPI document.

    python -m scripts.socket_types DOCUMENT.json typescript|python

Each channel of the document is a namespace. An operation `receive` is an event that clients emit, with its
ack as the reply; `send` is an event that they listen to.
"""

import json
import keyword
import re
import sys
import textwrap
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Node = dict[str, Any]
WIDTH = 100
NOTICE = "Socket.IO events of {version}, made by scripts/socket_types.py; `make contract` renews them."


@dataclass(frozen=True)
class Event:
    """An event; `ack` is None for events that the server sends."""

    name: str
    description: str
    payload: Node
    ack: Node | None


@dataclass
class Channel:
    """A namespace with its events."""

    name: str
    address: str
    emitted: list[Event] = field(default_factory=list)
    heard: list[Event] = field(default_factory=list)


class UnknownSchema(Exception):
    """A JSON Schema of which no type can be made."""


def resolve(document: Node, node: Node) -> Node:
    """What a `$ref` leads to, however many steps away."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def channels_of(document: Node) -> list[Channel]:
    """The namespaces of a document, with their events in its order."""
    found = {name: Channel(name, one["address"]) for name, one in document["channels"].items()}
    for operation in document["operations"].values():
        channel = found[operation["channel"]["$ref"].rpartition("/")[2]]
        message = resolve(document, operation["messages"][0])
        reply = operation.get("reply")
        event = Event(
            message["name"],
            operation.get("summary", ""),
            message["payload"],
            resolve(document, reply["messages"][0])["payload"] if reply else None,
        )
        (channel.emitted if operation["action"] == "receive" else channel.heard).append(event)
    return list(found.values())


def pascal(name: str) -> str:
    """`chat_id` -> `ChatId`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def _kinds(schema: Node) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _union(parts: list[str]) -> str:
    return " | ".join(dict.fromkeys(parts))


class Writer(ABC):
    """Makes types of schemas; a language says how it writes them."""

    comment: str
    any: str
    null: str
    plain: dict[str, str]

    def __init__(self, document: Node) -> None:
        self.document = document

    @abstractmethod
    def literal(self, value: Any) -> str:
        """The type of exactly this value."""

    def literals(self, values: list[Any]) -> str:
        """The type of exactly one of these values."""
        return _union([self.literal(value) for value in values])

    @abstractmethod
    def array(self, item: str) -> str:
        """A list of these."""

    @abstractmethod
    def mapping(self, value: str) -> str:
        """An object with any keys."""

    @abstractmethod
    def structure(self, schema: Node, name: str) -> str:
        """An object with known keys; `name` is free for it."""

    def type_of(self, schema: Node | bool, name: str) -> str:
        """The type of a schema; `name` is for an object in the midst of it. Raises UnknownSchema."""
        if isinstance(schema, bool):
            return self.any
        if "$ref" in schema:
            return pascal(schema["$ref"].rpartition("/")[2])
        # A reference with something to say about it is an allOf of one.
        parts = next((schema[key] for key in ("anyOf", "oneOf", "allOf") if key in schema), None)
        if parts is not None:
            if "allOf" in schema and len(parts) > 1:
                raise UnknownSchema(f"{name}: allOf of several schemas")
            return _union([self.type_of(one, f"{name}{i}") for i, one in enumerate(parts, 1)])
        values = [schema["const"]] if "const" in schema else schema.get("enum", [])
        if values:
            return self.literals(values)
        kinds = _kinds(schema) or (["object"] if "properties" in schema else [])
        return _union([self._of_kind(kind, schema, name) for kind in kinds]) or self.any

    def _of_kind(self, kind: str, schema: Node, name: str) -> str:
        if kind == "null":
            return self.null
        if kind in self.plain:
            return self.plain[kind]
        if kind == "array":
            return self.array(self.type_of(schema.get("items", True), f"{name}Item"))
        if kind != "object":
            raise UnknownSchema(f"{name}: type {kind!r}")
        if schema.get("properties"):
            return self.structure(schema, name)
        if schema.get("additionalProperties") is False:
            return self.structure({"properties": {}}, name)
        return self.mapping(self.type_of(schema.get("additionalProperties", True), f"{name}Value"))


class TypeScript(Writer):
    """Interfaces, and the two event maps that socket.io-client's `Socket` takes."""

    any = "unknown"
    null = "null"
    plain = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}

    def literal(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    def array(self, item: str) -> str:
        return f"({item})[]" if " " in item else f"{item}[]"

    def mapping(self, value: str) -> str:
        return f"Record<string, {value}>"

    def structure(self, schema: Node, name: str) -> str:
        if not schema["properties"]:
            return "Record<string, never>"
        return "{\n" + self._members(schema, name) + "}"

    def _members(self, schema: Node, name: str) -> str:
        lines = []
        for key, one in schema["properties"].items():
            lines += self._comment("" if isinstance(one, bool) else one.get("description", ""))
            optional = "" if key in schema.get("required", []) else "?"
            written = key if key.isidentifier() else json.dumps(key)
            kind = self.type_of(one, f"{name}{pascal(key)}")
            lines.append(f"{written}{optional}: {kind};")
        return textwrap.indent("\n".join(lines) + "\n", "  ")

    @staticmethod
    def _comment(text: str) -> list[str]:
        return [f"/** {' '.join(text.split()).replace('*/', '* /')} */"] if text else []

    def write(self) -> str:
        """The whole module."""
        version = self.document["info"]["version"]
        parts = [f"// {NOTICE.format(version=version)}\n"]
        for key, schema in self.document["components"]["schemas"].items():
            name = pascal(key)
            lines = self._comment(schema.get("description", ""))
            if schema.get("properties") and _kinds(schema) in (["object"], []):
                lines.append(f"export interface {name} {{\n{self._members(schema, name)}}}\n")
            else:
                lines.append(f"export type {name} = {self.type_of(schema, name)};\n")
            parts.append("\n".join(lines))
        for channel in channels_of(self.document):
            parts += self._channel(channel)
        return "\n".join(parts)

    def _channel(self, channel: Channel) -> list[str]:
        name = pascal(channel.name)
        heard = [
            (event, f"(data: {self.type_of(event.payload, name + pascal(event.name))}) => void")
            for event in channel.heard
        ]
        emitted = []
        for event in channel.emitted:
            own = name + pascal(event.name)
            data, ack = self.type_of(event.payload, own), self.type_of(event.ack or {}, f"{own}Ack")
            emitted.append((event, f"(data: {data}, ack: (answer: {ack}) => void) => void"))
        return [
            f"export const {name.upper()}_NAMESPACE = {json.dumps(channel.address)};\n",
            self._events(f"{name}ServerEvents", f"Events that the server sends in {channel.address}.", heard),
            self._events(f"{name}ClientEvents", f"Events that a client emits in {channel.address}.", emitted),
        ]

    def _events(self, name: str, about: str, events: list[tuple[Event, str]]) -> str:
        lines = []
        for event, signature in events:
            lines += self._comment(event.description)
            lines.append(f"{json.dumps(event.name)}: {signature};")
        body = textwrap.indent("".join(f"{line}\n" for line in lines), "  ")
        return f"/** {about} */\nexport interface {name} {{\n{body}}}\n"


PYTHON_HEAD = '''\
"""{notice}"""

from __future__ import annotations

from collections.abc import Callable
from typing import {typing}


class SocketClient(Protocol):
    """The methods of `socketio.Client` that are used here."""

    def on(self, event: str, handler: Callable[..., Any], namespace: str) -> Any: ...

    def emit(self, event: str, data: Any, namespace: str, callback: Callable[..., Any] | None) -> Any: ...

    def call(self, event: str, data: Any, namespace: str, timeout: float) -> Any: ...
'''


class Python(Writer):
    """TypedDicts, and a class a namespace with `on`, `emit` and `call`, which take an event by name."""

    any = "Any"
    null = "None"
    plain = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}

    def __init__(self, document: Node) -> None:
        super().__init__(document)
        self.inner: list[str] = []

    def literal(self, value: Any) -> str:
        return "None" if value is None else f"Literal[{value!r}]"

    def literals(self, values: list[Any]) -> str:
        named = ", ".join(dict.fromkeys(repr(value) for value in values if value is not None))
        return _union([*([f"Literal[{named}]"] if named else []), *(["None"] if None in values else [])])

    def array(self, item: str) -> str:
        return f"list[{item}]"

    def mapping(self, value: str) -> str:
        return f"dict[str, {value}]"

    def structure(self, schema: Node, name: str) -> str:
        self.inner.append(self._typed_dict(schema, name))
        return name

    def _typed_dict(self, schema: Node, name: str) -> str:
        fields = []
        for key, one in schema["properties"].items():
            kind = self.type_of(one, f"{name}{pascal(key)}")
            fields.append((key, kind if key in schema.get("required", []) else f"NotRequired[{kind}]"))
        about = self._docstring(schema.get("description", ""))
        if all(key.isidentifier() and not keyword.iskeyword(key) for key, _ in fields):
            members = "".join(f"    {key}: {kind}\n" for key, kind in fields)
            parts = [about, members] if about and members else [about or members or "    pass\n"]
            # Final where no other keys may come: then `"error" in answer` tells one type from another.
            final = "@final\n" if schema.get("additionalProperties") is False else ""
            return f"{final}class {name}(TypedDict):\n" + "\n".join(parts)
        # A key that is no name; the types may come later in the file.
        members = "".join(f'        {json.dumps(key)}: "{kind}",\n' for key, kind in fields)
        return f'{name} = TypedDict(\n    "{name}",\n    {{\n{members}    }},\n)\n'

    @staticmethod
    def _docstring(text: str, indent: str = "    ") -> str:
        words = " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")
        if not words:
            return ""
        if len(words) + len(indent) + 6 <= WIDTH:
            return f'{indent}"""{words}"""\n'
        body = textwrap.fill(words, WIDTH, initial_indent=f'{indent}"""', subsequent_indent=indent)
        return f'{body}\n{indent}"""\n'

    def write(self) -> str:
        """The whole module."""
        parts = []
        for key, schema in self.document["components"]["schemas"].items():
            name = pascal(key)
            if _kinds(schema) in (["object"], []) and (
                schema.get("properties") or schema.get("additionalProperties") is False
            ):
                text = self._typed_dict({"properties": {}, **schema}, name)
            else:
                # Quoted where it may name what comes later in the file.
                quote = '"' if "$ref" in json.dumps(schema) else ""
                text = f"{name}: TypeAlias = {quote}{self.type_of(schema, name)}{quote}\n"
            parts += [*self._taken(), text]
        for channel in channels_of(self.document):
            text = self._channel(channel)
            parts += [*self._taken(), text]
        body = "\n\n".join(parts)
        names = ("Any", "Literal", "NotRequired", "Protocol", "TypeAlias", "TypedDict", "final", "overload")
        head = PYTHON_HEAD.format(
            notice=NOTICE.format(version=self.document["info"]["version"]),
            typing=", ".join(
                one for one in names if one in {"Any", "Protocol"} or re.search(rf"\b{one}\b", body)
            ),
        )
        return f"{head}\n\n{body}"

    def _taken(self) -> list[str]:
        found, self.inner = self.inner, []
        return found

    def _channel(self, channel: Channel) -> str:
        name = pascal(channel.name)
        heard, called, emitted = [], [], []
        for event in channel.heard:
            data = self.type_of(event.payload, name + pascal(event.name))
            heard.append((event, f"handler: Callable[[{data}], None]", "None"))
        for event in channel.emitted:
            own = name + pascal(event.name)
            data, ack = self.type_of(event.payload, own), self.type_of(event.ack or {}, f"{own}Ack")
            called.append((event, f"data: {data}, timeout: float = 60", ack))
            emitted.append((event, f"data: {data}, ack: Callable[[{ack}], None] | None = None", "None"))
        head = (
            f"class {name}Events:\n"
            f'    """The events of the namespace {channel.address}, with their types."""\n\n'
            f"    NAMESPACE = {json.dumps(channel.address)}\n\n"
            "    def __init__(self, client: SocketClient) -> None:\n"
            "        self._client = client\n\n"
        )
        on = self._method(
            "on", heard, "handler: Callable[..., None]", "None",
            "self._client.on(event, handler, self.NAMESPACE)",
        )  # fmt: skip
        emit = self._method(
            "emit", emitted, "data: Any, ack: Callable[..., None] | None = None", "None",
            "self._client.emit(event, data, self.NAMESPACE, ack)",
        )  # fmt: skip
        call = self._method(
            "call", called, "data: Any, timeout: float = 60", "Any",
            "return self._client.call(event, data, self.NAMESPACE, timeout)",
        )  # fmt: skip
        return head + "\n".join(one for one in (on, emit, call) if one)

    def _method(
        self, name: str, events: list[tuple[Event, str, str]], parameters: str, result: str, body: str
    ) -> str:
        if not events:
            return ""
        overloads = []
        for event, own, ack in events:
            overloads.append(
                ("    @overload\n" if len(events) > 1 else "")
                + f"    def {name}(self, event: Literal[{json.dumps(event.name)}], {own}) -> {ack}:"
                + f"\n{self._docstring(event.description or event.name, ' ' * 8)}"
            )
        if len(events) == 1:
            return f"{overloads[0]}        {body}\n"
        return (
            "\n".join(overloads)
            + f"\n    def {name}(self, event: Any, {parameters}) -> {result}:\n        {body}\n"
        )


def typescript(document: Node) -> str:
    """A module of TypeScript. Raises UnknownSchema."""
    return TypeScript(document).write()


def python(document: Node) -> str:
    """A module of Python. Raises UnknownSchema."""
    return Python(document).write()


def main() -> int:
    """Exit code."""
    languages = {"typescript": typescript, "python": python}
    if len(sys.argv) != 3 or sys.argv[2] not in languages:  # noqa: PLR2004 - program, document, language
        sys.stderr.write("python -m scripts.socket_types DOCUMENT.json typescript|python\n")
        return 2
    sys.stdout.write(languages[sys.argv[2]](json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
