"""The OpenAPI documents by the rules of the linters, on machines without Node too; and the rules by themselves."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support.document_rules import findings


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_document_breaks_no_rule(app: Flask, version: str) -> None:
    raw = app.test_client().get(f"/api/{version}/openapi.json").json
    OpenAPIV31SpecValidator(raw).validate()
    found = findings(raw)
    assert not found, "\n".join(map(str, found))


def sound() -> dict[str, Any]:
    """A document without findings."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Favours", "version": "v1", "description": "Favours of neighbours",
            "contact": {"name": "Us"}, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": "favours", "description": "Favours"}],
        "paths": {
            "/favours/{favour_id}": {
                "parameters": [
                    {"name": "favour_id", "in": "path", "required": True, "description": "Which", "schema": {"type": "integer"}}
                ],
                "get": {
                    "operationId": "get_favour", "summary": "Get a favour", "description": "One favour.",
                    "tags": ["favours"], "security": [],
                    "responses": {
                        "200": {
                            "description": "The favour",
                            "content": {
                                "application/json": {
                                    "schema": {"$ref": "#/components/schemas/Favour"},
                                    "examples": {"one": {"value": {"status": "done"}}},
                                }
                            },
                        },
                        "404": {"description": "No such favour"},
                    },
                },
            },
        },
        "components": {
            "schemas": {
                "Favour": {
                    "type": "object",
                    "required": ["status"],
                    "properties": {"status": {"type": "string", "enum": ["done"], "description": "Whether it is done"}},
                    "examples": [{"status": "done"}],
                }
            }
        },
    }  # fmt: skip


def get(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["paths"]["/favours/{favour_id}"]["get"]
    return found


def favour(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["components"]["schemas"]["Favour"]
    return found


def media(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = get(raw)["responses"]["200"]["content"]["application/json"]
    return found


def ambiguous(raw: dict[str, Any]) -> None:
    other = copy.deepcopy(raw["paths"]["/favours/{favour_id}"])
    other["get"]["operationId"] = "get_thing"
    other["parameters"][0]["name"] = "kind"
    raw["paths"]["/{kind}/mine"] = other


MISTAKES: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("info-license", lambda raw: raw["info"].pop("license")),
    ("info-contact", lambda raw: raw["info"].pop("contact")),
    ("info-description", lambda raw: raw["info"].pop("description")),
    ("no-empty-servers", lambda raw: raw["servers"].clear()),
    ("no-server-example.com", lambda raw: raw["servers"][0].update(url="https://api.example.com")),
    ("no-server-trailing-slash", lambda raw: raw["servers"][0].update(url="https://favours.org/")),
    ("tag-description", lambda raw: raw["tags"][0].pop("description")),
    ("openapi-tags-uniqueness", lambda raw: raw["tags"].append(raw["tags"][0])),
    ("no-unused-tags", lambda raw: raw["tags"].append({"name": "things", "description": "Things"})),
    ("operation-tags", lambda raw: get(raw).pop("tags")),
    ("operation-tag-defined", lambda raw: get(raw)["tags"].append("things")),
    ("operation-summary", lambda raw: get(raw).pop("summary")),
    ("operation-description", lambda raw: get(raw).update(description="")),
    ("response-description", lambda raw: get(raw)["responses"]["200"].update(description="OK")),
    ("parameter-description", lambda raw: raw["paths"]["/favours/{favour_id}"]["parameters"][0].pop("description")),
    ("property-description", lambda raw: favour(raw)["properties"]["status"].pop("description")),
    ("no-required-schema-properties-undefined", lambda raw: favour(raw)["required"].append("price")),
    ("operation-operationId", lambda raw: get(raw).pop("operationId")),
    ("operation-operationId-unique", lambda raw: raw["paths"]["/favours/{favour_id}"].update(put=get(raw))),
    ("operation-operationId-url-safe", lambda raw: get(raw).update(operationId="get favour")),
    ("operation-success-response", lambda raw: get(raw)["responses"].pop("200")),
    ("operation-4xx-response", lambda raw: get(raw)["responses"].pop("404")),
    ("path-keys-no-trailing-slash", lambda raw: raw["paths"].update({"/favours/": {}})),
    ("path-not-include-query", lambda raw: raw["paths"].update({"/favours?mine": {}})),
    ("path-declaration-must-exist", lambda raw: raw["paths"].update({"/favours/{}": {}})),
    ("path-parameters-defined", lambda raw: raw["paths"]["/favours/{favour_id}"].pop("parameters")),
    ("no-ambiguous-paths", ambiguous),
    ("no-unused-components", lambda raw: raw["components"].update(responses={"Gone": {"description": "Gone"}})),
    ("no-schema-named-as-its-property", lambda raw: favour(raw)["properties"].update(favour={"type": "string", "description": "It"})),
    ("no-unresolved-refs", lambda raw: get(raw)["responses"].update({"404": {"$ref": "#/components/responses/Lost"}})),
    ("security-defined", lambda raw: get(raw).pop("security")),
    ("security-defined", lambda raw: get(raw).update(security=[{"bearer": []}])),
    ("typed-enum", lambda raw: favour(raw)["properties"]["status"].pop("type")),
    ("typed-enum", lambda raw: favour(raw)["properties"]["status"]["enum"].append(1)),
    ("duplicated-entry-in-enum", lambda raw: favour(raw)["properties"]["status"]["enum"].append("done")),
    ("array-items", lambda raw: favour(raw)["properties"].update(names={"type": "array", "description": "Names"})),
    ("oas3-valid-schema-example", lambda raw: favour(raw)["examples"].append({"status": "new"})),
    ("oas3-valid-schema-example", lambda raw: favour(raw)["properties"]["status"].update(default="new")),
    ("oas3-valid-media-example", lambda raw: media(raw)["examples"]["one"].update(value={})),
]  # fmt: skip


def test_a_sound_document_has_no_findings() -> None:
    assert findings(sound()) == []


@pytest.mark.parametrize(("expected", "spoil"), MISTAKES)
def test_each_rule_finds_its_mistake(expected: str, spoil: Callable[[dict[str, Any]], object]) -> None:
    raw = sound()
    spoil(raw)
    assert expected in {one.rule for one in findings(raw)}
