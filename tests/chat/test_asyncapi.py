"""The AsyncAPI document against the program: complete, sound, and true of what goes over sockets."""

import json
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from marketplace.realtime.outgoing import DECLARED, outgoing
from marketplace.realtime.setup import namespaces_of

CLIENT_EVENTS = {"message:send", "message:delivered", "message:read", "typing", "sync"}
SERVER_EVENTS = {
    "message:new", "receipt", "typing", "chat:updated", "order:updated", "notification:new",
    "session:revoked", "server:closing", "sync:required",
}  # fmt: skip


@pytest.fixture(params=["v1", "v2"])
def document(request: pytest.FixtureRequest, client: Any) -> Any:
    answer = client.get(f"/api/{request.param}/asyncapi.json")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["Cache-Control"]
    assert answer.json["info"]["version"] == request.param
    return answer.json


def resolve(document: Any, reference: str) -> Any:
    assert reference.startswith("#/"), reference
    node = document
    for part in reference[2:].split("/"):
        node = node[part]
    return node


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def operations(document: Any, action: str) -> dict[str, Any]:
    """Message name -> operation."""
    found = {}
    for operation in document["operations"].values():
        if operation["action"] == action:
            message = resolve(document, resolve(document, operation["messages"][0]["$ref"])["$ref"])
            found[message["name"]] = operation
    return found


def payload_of(document: Any, message_reference: str) -> Any:
    message = resolve(document, message_reference)
    if "$ref" in message:
        message = resolve(document, message["$ref"])
    return message["payload"]


def check(document: Any, schema: Any, value: Any) -> None:
    registry: Registry[Any] = Registry().with_resource("urn:doc", Resource(document, DRAFT202012))
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:doc#/'))
    Draft202012Validator(absolute, registry=registry).validate(value)


def test_every_event_is_documented(app: Flask, document: Any) -> None:
    assert document["asyncapi"] == "3.1.0"
    assert set(operations(document, "receive")) == CLIENT_EVENTS
    assert set(operations(document, "send")) == SERVER_EVENTS == set(DECLARED)
    assert {name for item in namespaces_of(app) for name in item.events} == CLIENT_EVENTS
    assert document["channels"]["chat"]["address"] == "/chat"
    assert all(operation["summary"] for operation in document["operations"].values())


def test_every_reference_leads_somewhere_and_every_schema_is_sound(document: Any) -> None:
    for reference in references(document):
        resolve(document, reference)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for message in document["components"]["messages"].values():
        Draft202012Validator.check_schema(message["payload"])


def test_acks_and_pushes_are_as_documented(
    document: Any, talk: Any, make: Any, connect: Any, run_jobs: Any
) -> None:
    asking, answering = connect(talk.asks), connect(talk.answers)
    make.message(make.chat(talk.customer), talk.customer.id)
    incoming, outgoing_ = operations(document, "receive"), operations(document, "send")
    calls = [
        ("message:send", {"chat_id": talk.id, "client_id": str(uuid4()), "text": "Hi"}),
        ("message:delivered", {"chat_id": talk.id, "up_to_seq": 1}),
        ("message:read", {"chat_id": talk.id, "up_to_seq": 1}),
        ("typing", {"chat_id": talk.id}),
        ("sync", {"chats": {str(talk.id): 0}}),
        ("sync", {"chats": {"0": 0}}),
        ("message:send", {}),
    ]
    for name, payload in calls:
        operation = incoming[name]
        ack = asking.ask(name, payload)
        check(document, payload_of(document, operation["reply"]["messages"][0]["$ref"]), ack)
        if "error" not in ack:
            check(document, payload_of(document, operation["messages"][0]["$ref"]), payload)
    run_jobs()
    heard = answering.heard()
    assert {name for name, _ in heard} == {"message:new", "receipt", "typing"}
    for name, payload in heard:
        check(document, payload_of(document, outgoing_[name]["messages"][0]["$ref"]), payload)


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="message:new"):
        outgoing("message:new", DECLARED["message:new"].schema, "")
