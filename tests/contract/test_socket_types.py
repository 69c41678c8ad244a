"""scripts/socket_types.py: types of both languages for what an AsyncAPI document may hold."""

import ast
from typing import Any

import pytest

from scripts.socket_types import UnknownSchema, channels_of, python, typescript


def document(**schemas: Any) -> dict[str, Any]:
    """A document with a namespace, an event for each direction, and `schemas`."""
    messages = {
        "receive.favour.ask": {"name": "favour:ask", "payload": {"$ref": "#/components/schemas/Ask"}},
        "receive.favour.ask.ack": {
            "name": "favour:ask (ack)",
            "payload": {"anyOf": [{"$ref": "#/components/schemas/Asked"}, {"type": "null"}]},
        },
        "send.favour.done": {"name": "favour:done", "payload": {"$ref": "#/components/schemas/Asked"}},
    }
    channel = {"$ref": "#/channels/favours"}
    return {
        "info": {"version": "v9"},
        "channels": {
            "favours": {
                "address": "/favours",
                "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in messages},
            }
        },
        "operations": {
            "receive.favour.ask": {
                "action": "receive", "channel": channel, "summary": "Ask for one",
                "messages": [{"$ref": "#/channels/favours/messages/receive.favour.ask"}],
                "reply": {
                    "channel": channel,
                    "messages": [{"$ref": "#/channels/favours/messages/receive.favour.ask.ack"}],
                },
            },
            "send.favour.done": {
                "action": "send", "channel": channel, "summary": "One is done",
                "messages": [{"$ref": "#/channels/favours/messages/send.favour.done"}],
            },
        },
        "components": {
            "messages": messages,
            "schemas": {
                "Ask": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
                "Asked": {"type": "object", "properties": {"id": {"type": "integer"}}},
                **schemas,
            },
        },
    }  # fmt: skip


SCHEMAS: list[tuple[Any, str, str]] = [
    ({"type": "string"}, "string", "str"),
    ({"type": "integer"}, "number", "int"),
    ({"type": "number"}, "number", "float"),
    ({"type": "boolean"}, "boolean", "bool"),
    ({"type": ["string", "null"]}, "string | null", "str | None"),
    ({"type": ["integer", "number"]}, "number", "int | float"),
    ({"enum": ["a", "b", None]}, '"a" | "b" | null', "Literal['a', 'b'] | None"),
    ({"const": 1}, "1", "Literal[1]"),
    ({"type": "array", "items": {"type": "string"}}, "string[]", "list[str]"),
    ({"type": "array", "items": {"type": ["string", "null"]}}, "(string | null)[]", "list[str | None]"),
    ({"type": "array"}, "unknown[]", "list[Any]"),
    ({"$ref": "#/components/schemas/Ask"}, "Ask", "Ask"),
    ({"allOf": [{"$ref": "#/components/schemas/Ask"}], "description": "It"}, "Ask", "Ask"),
    ({"oneOf": [{"$ref": "#/components/schemas/Ask"}, {"type": "null"}]}, "Ask | null", "Ask | None"),
    ({"type": "object"}, "Record<string, unknown>", "dict[str, Any]"),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, "Record<string, number>", "dict[str, int]"),
    ({}, "unknown", "Any"),
    (True, "unknown", "Any"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "in_typescript", "in_python"), SCHEMAS)
def test_each_kind_of_schema_becomes_a_type(schema: Any, in_typescript: str, in_python: str) -> None:
    made = document(Thing={"type": "object", "properties": {"it": schema}, "required": ["it"]})
    assert f"  it: {in_typescript};\n" in typescript(made)
    assert f"    it: {in_python}\n" in python(made)


def test_what_is_not_required_may_be_left_out() -> None:
    made = document()
    assert "export interface Asked {\n  id?: number;\n}" in typescript(made)
    assert "class Asked(TypedDict):\n    id: NotRequired[int]\n" in python(made)


def test_an_object_that_takes_no_other_keys_is_final() -> None:
    thing = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    assert "@final\nclass Thing(TypedDict):\n" in python(document(Thing=thing))


def test_an_object_in_an_object_gets_a_name() -> None:
    inner = {"type": "object", "properties": {"x": {"type": "integer"}}}
    made = document(Thing={"type": "object", "properties": {"in_it": inner}, "required": ["in_it"]})
    assert "in_it: {\n    x?: number;\n  };" in typescript(made)
    assert "class ThingInIt(TypedDict):\n    x: NotRequired[int]\n" in python(made)
    assert "    in_it: ThingInIt\n" in python(made)


def test_keys_and_texts_may_be_anything() -> None:
    thing = {
        "type": "object",
        "description": 'A "thing" \\ of """quotes""" */',
        "properties": {"a-b": {"type": "string"}, "class": {"type": "integer"}},
        "required": ["a-b", "class"],
    }
    made = document(Thing=thing)
    assert '"a-b": string;' in typescript(made)
    assert typescript(made).count("*/") == typescript(made).count("/**")
    tree = ast.parse(python(made))
    calls = [node for node in tree.body if isinstance(node, ast.Assign) and "TypedDict" in ast.dump(node)]
    assert len(calls) == 1


def test_events_of_both_directions_are_typed() -> None:
    made = document()
    assert [(one.address, len(one.emitted), len(one.heard)) for one in channels_of(made)] == [
        ("/favours", 1, 1)
    ]
    assert '"favour:ask": (data: Ask, ack: (answer: Asked | null) => void) => void;' in typescript(made)
    assert '"favour:done": (data: Asked) => void;' in typescript(made)
    written = python(made)
    assert (
        'def call(self, event: Literal["favour:ask"], data: Ask, timeout: float = 60) -> Asked | None:'
        in written
    )
    assert 'def on(self, event: Literal["favour:done"], handler: Callable[[Asked], None]) -> None:' in written


@pytest.mark.parametrize("schema", [{"type": "date"}, {"allOf": [{"type": "string"}, {"minLength": 1}]}])
@pytest.mark.parametrize("write", [typescript, python])
def test_what_has_no_type_is_refused(schema: Any, write: Any) -> None:
    with pytest.raises(UnknownSchema, match="ThingIt"):
        write(document(Thing={"type": "object", "properties": {"it": schema}}))
