"""scripts/contract_changes.py: each rule of what breaks clients, and of what only adds."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from scripts.contract_changes import compare, compare_sockets

Document = dict[str, Any]


def answer(schema: Any, *codes: str) -> dict[str, Any]:
    return {"description": "x", "content": {"application/json": {"schema": schema}}, "headers": {"ETag": {}}}


def before() -> Document:
    """A document whose component Favour is sent as well as received."""
    favour = {"$ref": "#/components/schemas/Favour"}
    return {
        "paths": {
            "/favours": {
                "post": {
                    "operationId": "ask_favour",
                    "security": [],
                    "parameters": [
                        {"$ref": "#/components/parameters/Key"},
                        {"in": "query", "name": "kind", "schema": {"type": "string", "enum": ["a", "b"]}},
                    ],
                    "requestBody": {"content": {"application/json": {"schema": favour}}},
                    "responses": {
                        "201": answer(favour),
                        "409": {
                            "description": "x",
                            "content": {
                                "application/problem+json": {
                                    "schema": {"$ref": "#/components/schemas/Problem"},
                                    "examples": {"favour_done": {}, "favour_gone": {}},
                                }
                            },
                        },
                    },
                },
                "get": {"operationId": "get_favour", "security": [], "responses": {"200": answer(favour)}},
            }
        },
        "components": {
            "parameters": {"Key": {"in": "header", "name": "Key", "schema": {"type": "string"}}},
            "schemas": {
                "Favour": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {
                        "text": {"type": "string", "minLength": 1, "maxLength": 100},
                        "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1},
                        "kind": {"type": "string", "enum": ["a", "b"]},
                        "at": {"type": ["string", "null"], "format": "date-time"},
                        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
                        "price": {"anyOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]},
                    },
                    "additionalProperties": False,
                },
                "Money": {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]},
                "Problem": {
                    "type": "object",
                    "properties": {"code": {"$ref": "#/components/schemas/ProblemCode"}},
                },
                "ProblemCode": {"type": "string", "enum": ["favour_done", "favour_gone"]},
            },
        },
    }  # fmt: skip


def post(raw: Document) -> Document:
    found: Document = raw["paths"]["/favours"]["post"]
    return found


def own(raw: Document, name: str) -> Document:
    found: Document = raw["components"]["schemas"]["Favour"]["properties"][name]
    return found


def favour(raw: Document) -> Document:
    found: Document = raw["components"]["schemas"]["Favour"]
    return found


def key(raw: Document) -> Document:
    found: Document = raw["components"]["parameters"]["Key"]
    return found


BREAKING: list[tuple[str, Callable[[Document], object]]] = [
    ("GET /favours: is gone", lambda raw: raw["paths"]["/favours"].pop("get")),
    ("operationId is `ask`, `ask_favour` before", lambda raw: post(raw).update(operationId="ask")),
    ("POST /favours: needs an access token", lambda raw: post(raw).update(security=[{"bearer": []}])),
    ("query parameter `kind`: is gone", lambda raw: post(raw)["parameters"].pop()),
    ("header parameter `Key`: is required", lambda raw: key(raw).update(required=True)),
    ("header parameter `Other`: is new, and required", lambda raw: post(raw)["parameters"].append({"in": "header", "name": "Other", "required": True})),
    ("query parameter `kind`: is written in another way (`explode`)", lambda raw: post(raw)["parameters"][1].update(explode=False)),
    ("query parameter `kind`: the value 'b' is gone", lambda raw: post(raw)["parameters"][1]["schema"]["enum"].pop()),
    ("request body: is gone", lambda raw: post(raw).pop("requestBody")),
    ("request body: is required", lambda raw: post(raw)["requestBody"].update(required=True)),
    ("GET /favours, request body: is new, and required", lambda raw: raw["paths"]["/favours"]["get"].update(requestBody={"required": True})),
    ("request body: `application/json` is gone", lambda raw: post(raw)["requestBody"].update(content={"text/plain": {}})),
    ("answer 409: is gone", lambda raw: post(raw)["responses"].pop("409")),
    ("answer 202: is new", lambda raw: post(raw)["responses"].update({"202": {"description": "x"}})),
    ("answer 409: the code `favour_gone` is gone", lambda raw: post(raw)["responses"]["409"]["content"]["application/problem+json"]["examples"].pop("favour_gone")),
    ("answer 201: the header `ETag` is gone", lambda raw: post(raw)["responses"]["201"].pop("headers")),
    ("answer 201: `application/json` is gone", lambda raw: post(raw)["responses"]["201"].update(content={"text/csv": {}})),
    ("Favour (sent), `note`: is new, and required", lambda raw: (favour(raw)["properties"].update(note={"type": "string"}), favour(raw)["required"].append("note"))),
    ("Favour (sent), `count`: is required", lambda raw: favour(raw)["required"].append("count")),
    ("Favour (sent), `count`: is gone", lambda raw: favour(raw)["properties"].pop("count")),
    ("Favour (received), `count`: is gone", lambda raw: favour(raw)["properties"].pop("count")),
    ("Favour (received), `text`: may be missing", lambda raw: favour(raw).update(required=[])),
    ("Favour (sent), `count`: may not be integer", lambda raw: own(raw, "count").update(type="string")),
    ("Favour (received), `count`: may now be string", lambda raw: own(raw, "count").update(type=["integer", "string"])),
    ("Favour (received), `count`: may now be number", lambda raw: own(raw, "count").update(type="number")),
    ("Favour (received), `text`: may be null", lambda raw: own(raw, "text").update(type=["string", "null"])),
    ("Favour (sent), `at`: is never null", lambda raw: own(raw, "at").update(type="string")),
    ("Favour (sent), `price`: is never null", lambda raw: own(raw, "price").update(anyOf=[{"$ref": "#/components/schemas/Money"}])),
    ("Favour (sent), `text`: takes characters at most 50, 100 before", lambda raw: own(raw, "text").update(maxLength=50)),
    ("Favour (sent), `text`: takes characters at least 2, 1 before", lambda raw: own(raw, "text").update(minLength=2)),
    ("Favour (sent), `count`: takes at most 5, 9 before", lambda raw: own(raw, "count").update(maximum=5)),
    ("Favour (sent), `tags`: takes items at least 1", lambda raw: own(raw, "tags").update(minItems=1)),
    ("Favour (sent), `tags`: takes no item twice", lambda raw: own(raw, "tags").update(uniqueItems=True)),
    ("Favour (sent), `tags`, items: has a pattern", lambda raw: own(raw, "tags")["items"].update(pattern="^a")),
    ("Favour (sent), `count`: stands for 2 when it is left out", lambda raw: own(raw, "count").update(default=2)),
    ("Favour (sent), `kind`: the value 'b' is gone", lambda raw: own(raw, "kind")["enum"].remove("b")),
    ("Favour (received), `kind`: the value 'c' is new", lambda raw: own(raw, "kind")["enum"].append("c")),
    ("Favour (received), `kind`: may be any value", lambda raw: own(raw, "kind").pop("enum")),
    ("Favour (sent), `text`: is one of few values", lambda raw: own(raw, "text").update(enum=["x"])),
    ("Favour (received), `at`: has another format", lambda raw: own(raw, "at").update(format="date")),
    ("Favour (sent), `text`: has a format", lambda raw: own(raw, "text").update(format="uuid")),
    ("Money (received), `amount`: is gone", lambda raw: raw["components"]["schemas"]["Money"].update(properties={})),
    ("Money (sent): takes no other keys any more", lambda raw: raw["components"]["schemas"]["Money"].update(additionalProperties=False)),
]  # fmt: skip

ADDING: list[tuple[str, Callable[[Document], object]]] = [
    ("PUT /favours: is new", lambda raw: raw["paths"]["/favours"].update(put=post(raw))),
    ("POST /favours: is deprecated", lambda raw: post(raw).update(deprecated=True)),
    ("header parameter `Other`: is new", lambda raw: post(raw)["parameters"].append({"in": "header", "name": "Other"})),
    ("query parameter `kind`: the value 'c' is new", lambda raw: post(raw)["parameters"][1]["schema"]["enum"].append("c")),
    ("request body: `text/plain` is new", lambda raw: post(raw)["requestBody"]["content"].update({"text/plain": {}})),
    ("answer 404: is new", lambda raw: post(raw)["responses"].update({"404": {"description": "x"}})),
    ("answer 409: the code `favour_lost` is new", lambda raw: post(raw)["responses"]["409"]["content"]["application/problem+json"]["examples"].update(favour_lost={})),
    ("answer 201: the header `Link` is new", lambda raw: post(raw)["responses"]["201"]["headers"].update(Link={})),
    ("Favour (sent), `note`: is new", lambda raw: favour(raw)["properties"].update(note={"type": "string"})),
    ("Favour (sent), `text`: takes characters at most 200, 100 before", lambda raw: own(raw, "text").update(maxLength=200)),
    ("Favour (sent), `tags`: has no maxItems any more", lambda raw: own(raw, "tags").pop("maxItems")),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "change"), BREAKING)
def test_what_breaks_clients_is_told(expected: str, change: Callable[[Document], object]) -> None:
    after = copy.deepcopy(before())
    change(after)
    found = [str(one) for one in compare(before(), after) if one.breaking]
    assert any(one.endswith(expected) for one in found), found


@pytest.mark.parametrize(("expected", "change"), ADDING)
def test_what_only_adds_breaks_nobody(expected: str, change: Callable[[Document], object]) -> None:
    after = copy.deepcopy(before())
    change(after)
    found = compare(before(), after)
    assert [one for one in found if one.breaking] == []
    assert any(str(one).endswith(expected) for one in found), found


HARMLESS: list[Callable[[Document], object]] = [
    lambda raw: own(raw, "text").update(description="Words"),
    lambda raw: own(raw, "price").update(anyOf=[], oneOf=own(raw, "price")["anyOf"]) or own(raw, "price").pop("anyOf"),
    lambda raw: own(raw, "price").update(
        {"type": ["object", "null"], "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}
    ) or own(raw, "price").pop("anyOf"),
    lambda raw: raw["components"]["schemas"]["ProblemCode"]["enum"].append("favour_lost"),
    lambda raw: own(raw, "text").update(minLength=1),
]  # fmt: skip


@pytest.mark.parametrize("change", HARMLESS)
def test_the_same_in_another_form_is_no_change(change: Callable[[Document], object]) -> None:
    after = copy.deepcopy(before())
    change(after)
    assert compare(before(), after) == []


def test_a_schema_that_holds_itself_ends() -> None:
    raw = before()
    favour(raw)["properties"]["parts"] = {"type": "array", "items": {"$ref": "#/components/schemas/Favour"}}
    after = copy.deepcopy(raw)
    own(after, "text")["maxLength"] = 5
    assert len([one for one in compare(raw, after) if one.breaking]) == 1


def test_a_limit_of_what_is_received_breaks_nobody() -> None:
    raw = before()
    del raw["paths"]["/favours"]["post"]
    after = copy.deepcopy(raw)
    own(after, "text")["maxLength"] = 500
    assert compare(raw, after) == []


def sockets() -> Document:
    channel = {"$ref": "#/channels/favours"}
    messages = {
        "ask": {
            "name": "favour:ask",
            "payload": {"type": "object", "properties": {"text": {"type": "string"}}},
        },
        "asked": {"name": "ack", "payload": {"type": "object", "properties": {"id": {"type": "integer"}}}},
        "done": {
            "name": "favour:done",
            "payload": {"type": "object", "properties": {"id": {"type": "integer"}}},
        },
    }
    return {
        "channels": {"favours": {"address": "/favours", "messages": messages}},
        "operations": {
            "ask": {
                "action": "receive", "channel": channel,
                "messages": [{"$ref": "#/channels/favours/messages/ask"}],
                "reply": {"messages": [{"$ref": "#/channels/favours/messages/asked"}]},
            },
            "done": {"action": "send", "channel": channel, "messages": [{"$ref": "#/channels/favours/messages/done"}]},
        },
    }  # fmt: skip


def of(raw: Document, name: str) -> Document:
    found: Document = raw["channels"]["favours"]["messages"][name]["payload"]
    return found


@pytest.mark.parametrize(
    ("expected", "breaking", "change"),
    [
        ("/favours favour:done (heard): is gone", True, lambda raw: raw["operations"].pop("done")),
        ("/favours favour:ask (emitted), `text`: is required", True, lambda raw: of(raw, "ask").update(required=["text"])),
        ("/favours favour:ask (emitted), `note`: is new", False, lambda raw: of(raw, "ask")["properties"].update(note={})),
        ("/favours favour:ask (emitted), ack, `id`: is gone", True, lambda raw: of(raw, "asked").update(properties={})),
        ("/favours favour:done (heard), `id`: may now be string", True, lambda raw: of(raw, "done")["properties"]["id"].update(type=["integer", "string"])),
        ("/favours favour:done (heard), `at`: is new", False, lambda raw: of(raw, "done")["properties"].update(at={})),
    ],
)  # fmt: skip
def test_events_are_weighed_by_who_sends_them(expected: str, breaking: bool, change: Any) -> None:
    after = sockets()
    change(after)
    found = compare_sockets(sockets(), after)
    assert [(str(one), one.breaking) for one in found] == [(expected, breaking)]
    assert compare_sockets(sockets(), sockets()) == []
