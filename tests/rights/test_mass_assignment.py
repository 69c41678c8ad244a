"""Nothing is set and nothing is shown beyond the schema (OWASP API3, ASVS 15.3.3)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Column
from werkzeug.test import TestResponse

from marketplace.extensions import db
from marketplace.models import Base
from marketplace.testing.client import Document
from marketplace.web.blueprint import VERSIONS
from tests.rights.asking import touched
from tests.rights.scenario import CALLERS, Stage
from tests.rights.table import ROWS, Row, words

METHODS = ("get", "post", "put", "patch", "delete")
FREE = {
    ("AuditEntry", "after"),
    ("AuditEntry", "before"),
    *(
        (one, f"{side}_{what}")
        for one in ("ChangeRequest", "QueuedChange")
        for side in ("old", "new")
        for what in ("value", "display")
    ),
    ("HistoryEntry", "data"),
    ("TimelineEntry", "data"),
    ("Notification", "data"),
    ("PendingChange", "new_value"),
    ("PendingChange", "old_value"),
    ("Problem", "errors"),
}
"""Members of answers whose form depends on their kind; tests/rights/secrets.py looks into them."""
OPEN = {"Problem"}
"""Answers with further members; tests/rights/secrets.py names them."""


PROTECTED = {
    "active",
    "actor_id",
    "arrival_proven",
    "arrival_tries",
    "arrived_at",
    "author_id",
    "cancellation_amount",
    "cancellation_percent",
    "created_at",
    "customer_id",
    "deleted_at",
    "email_verified",
    "fault",
    "hidden_at",
    "id",
    "is_active",
    "is_staff",
    "owner_id",
    "performer_id",
    "phone_verified",
    "price_amount",
    "published_at",
    "rating_count",
    "rating_sum",
    "role",
    "roles",
    "sender_id",
    "status",
    "user_id",
    "verified",
    "version",
    "waived_at",
}
"""Columns that say whose a thing is, who may what, and what came of it."""
SETTABLE = {
    ("POST /admin/banners", "is_active"),
    ("POST /admin/categories", "is_active"),
    ("POST /admin/cities", "is_active"),
    ("PATCH /admin/banners/{banner_id}", "is_active"),
    ("PATCH /admin/categories/{category_id}", "is_active"),
    ("PATCH /admin/cities/{city_id}", "is_active"),
    ("POST /admin/cities", "id"),
    ("POST /admin/users/{user_id}/roles", "roles"),
    ("POST /admin/{kind}/status", "status"),
    ("POST /chats", "performer_id"),
    ("POST /services", "is_active"),
    ("PATCH /services/{service_id}", "is_active"),
}
"""Those that bodies may set all the same: what staff decides, a switch of one's own, whom to write to."""


def _value(column: Column[Any]) -> Any:
    """What an attacker would send for a column: a value that it could hold."""
    kind = column.type.python_type
    return {bool: True, int: 1, float: 1.0, list: ["admin"], dict: {}}.get(kind, "2026-05-12T09:00:00Z")


COLUMNS = {column.name: _value(column) for table in Base.metadata.sorted_tables for column in table.columns}
"""Every column of every table."""


@cache
def document(app: Flask, version: str) -> Document:
    raw = app.extensions["flask-smorest"]["apis"][f"{version.upper()}_"]["ext_obj"].document
    return Document(json.loads(json.dumps(raw)))


@dataclass(frozen=True)
class Operation:
    """A documented operation, and the row of the matrix that knows how to ask for it."""

    row: Row
    version: str
    raw: Any
    doc: Document

    @property
    def caller(self) -> str:
        """Somebody who may."""
        return next(caller for caller in CALLERS[::-1] if words(self.row.rights)[caller].status is None)

    def body(self, content_type: str) -> Any:
        """The schema of the body, None where it takes none of this type."""
        content = self.raw.get("requestBody", {}).get("content", {})
        return self.doc.resolve(content[content_type]["schema"]) if content_type in content else None

    def parameters(self) -> set[str]:
        named = [self.doc.resolve(item) for item in self.raw.get("parameters", [])]
        return {item["name"] for item in named if item["in"] == "query"}


def operations(app: Flask, version: str) -> Iterator[Operation]:
    doc = document(app, version)
    usual_last = sorted(ROWS, key=lambda row: not row.case)
    rows = {row.route: row for row in usual_last if "ok" in row.rights.split()}
    for path, item in doc.raw["paths"].items():
        for method in METHODS:
            if method in item:
                route = f"{method.upper()} {path.removeprefix(f'/api/{version}')}"
                yield Operation(rows[route], version, item[method], doc)


def refused(answer: TestResponse, place: str, keys: set[str]) -> list[str]:
    """The keys that the answer does not refuse one by one as unknown."""
    assert answer.status_code == 422, (answer.status_code, answer.get_data(as_text=True)[:300])
    return sorted(keys - set(answer.get_json()["errors"][place]))


def send(stage: Stage, operation: Operation, made: dict[str, Any], **options: Any) -> TestResponse:
    row = operation.row
    path = f"/api/{operation.version}{row.path.format(**made)}"
    options.setdefault("query_string", row.parameters(made))
    return stage.send(row.method, path, operation.caller, **options)


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_column_in_every_body(stage: Stage, version: str) -> None:
    """All columns in one go beside a valid body: each key is refused by its name, and nothing changes."""
    count = 0
    for operation in operations(stage.app, version):
        schema = operation.body("application/json")
        if schema is None:
            continue
        extra = {key: value for key, value in COLUMNS.items() if key not in schema["properties"]}
        with stage.clean():
            made = operation.row.needs(stage.ours, operation.caller)
            db.session.remove()
            before = stage.snapshot()
            answer = send(stage, operation, made, json={**operation.row.body(made), **extra})
            assert refused(answer, "json", set(extra)) == [], operation.row
            db.session.remove()
            assert touched(before, stage.snapshot()) == "", operation.row
        count += 1
    assert count >= 40


def test_each_column_alone(stage: Stage) -> None:
    """The columns of the tables that hold rights and money, one by one: none slips in without the others."""
    version = VERSIONS[0]
    tables = Base.metadata.tables
    risky = {
        column.name for name in ("user", "performer", "order", "review") for column in tables[name].columns
    }
    for operation in operations(stage.app, version):
        schema = operation.body("application/json")
        if schema is None:
            continue
        with stage.clean():
            made = operation.row.needs(stage.ours, operation.caller)
            body = operation.row.body(made)
            for key in sorted(risky - set(schema["properties"])):
                answer = send(stage, operation, made, json={**body, key: COLUMNS[key]})
                assert refused(answer, "json", {key}) == [], (operation.row, key)


def test_every_column_in_every_form(stage: Stage, version: str) -> None:
    forms = 0
    for operation in operations(stage.app, version):
        schema = operation.body("multipart/form-data")
        if schema is None:
            continue
        extra = {key: json.dumps(value) for key, value in COLUMNS.items() if key not in schema["properties"]}
        with stage.clean():
            made = operation.row.needs(stage.ours, operation.caller)
            form = operation.row.form
            body = form() if form else {k: _as_part(v) for k, v in operation.row.body(made).items()}
            db.session.remove()
            before = stage.snapshot()
            answer = send(stage, operation, made, data={**body, **extra}, content_type="multipart/form-data")
            assert refused(answer, "form", set(extra)) == [], operation.row
            db.session.remove()
            assert touched(before, stage.snapshot()) == "", operation.row
        forms += 1
    assert forms >= 1


def _as_part(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def test_every_column_in_every_structure(stage: Stage, version: str) -> None:
    """The same for objects within bodies, such as addresses and prices."""
    tried = set()
    for operation in operations(stage.app, version):
        schema = operation.body("application/json")
        if schema is None:
            continue
        with stage.clean():
            made = operation.row.needs(stage.ours, operation.caller)
            body = operation.row.body(made)
            for name, value in body.items():
                inner = schema["properties"][name]
                inner = operation.doc.resolve(inner.get("anyOf", [inner])[0])
                if not isinstance(value, dict) or "properties" not in inner:
                    continue
                extra = {key: 1 for key in COLUMNS if key not in inner["properties"]}
                answer = send(stage, operation, made, json={**body, name: {**value, **extra}})
                assert answer.status_code == 422, operation.row
                assert set(answer.get_json()["errors"]["json"][name]) >= set(extra), operation.row
                tried.add(name)
    assert tried >= {"address", "price"}


def test_operations_without_a_body_take_none(stage: Stage, version: str) -> None:
    count = 0
    for operation in operations(stage.app, version):
        if "requestBody" in operation.raw or operation.row.method == "GET":
            continue
        with stage.clean():
            made = operation.row.needs(stage.ours, operation.caller)
            db.session.remove()
            before = stage.snapshot()
            answer = send(stage, operation, made, json=COLUMNS)
            assert answer.status_code == 422, (operation.row, answer.status_code)
            db.session.remove()
            assert touched(before, stage.snapshot()) == "", operation.row
        count += 1
    assert count >= 20


def test_every_column_as_a_parameter(stage: Stage, version: str) -> None:
    for operation in operations(stage.app, version):
        known = operation.parameters()
        extra = {key: "1" for key in COLUMNS if key not in known}
        with stage.clean():
            made = operation.row.needs(stage.ours, operation.caller)
            body = operation.row.body(made)
            options = {} if body is None else {"json": body}
            query = {**operation.row.parameters(made), **extra}
            db.session.remove()
            before = stage.snapshot()
            answer = send(stage, operation, made, query_string=query, **options)
            assert refused(answer, "query", set(extra)) == [], operation.row
            db.session.remove()
            assert touched(before, stage.snapshot()) == "", operation.row


def test_no_body_sets_rights_or_owners(app: Flask, version: str) -> None:
    """A column that says whose a thing is, who may what or what came of it is not made a field by oversight."""
    found = set()
    for operation in operations(app, version):
        for kind in ("application/json", "multipart/form-data"):
            schema = operation.body(kind)
            found |= {
                (operation.row.route, key) for key in PROTECTED & set(schema["properties"] if schema else ())
            }
    assert found == SETTABLE, f"is it meant? Name it in SETTABLE: {sorted(found ^ SETTABLE)}"


def test_documents_are_closed(app: Flask, version: str) -> None:
    """Every object names all of its keys, so the test client refuses an answer with another one."""
    schemas = document(app, version).raw["components"]["schemas"]
    open_ones = {
        name
        for name, schema in schemas.items()
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    }
    assert open_ones <= OPEN
    free = {
        (name, key)
        for name, schema in schemas.items()
        for key, inner in schema.get("properties", {}).items()
        if _is_free(inner)
    }
    assert free <= FREE, f"give these a schema, or name them in FREE: {sorted(free - FREE)}"


def _is_free(schema: dict[str, Any]) -> bool:
    """Whether anything fits."""
    if {"$ref", "anyOf", "oneOf", "allOf", "enum", "const"} & set(schema):
        return False
    kinds = schema.get("type")
    return kinds is None or (
        "object" in kinds and "properties" not in schema and "additionalProperties" not in schema
    )


def test_answers_are_all_named(app: Flask, version: str) -> None:
    """Answers are components, so that none escapes the test above."""
    for operation in operations(app, version):
        for status, answer in operation.raw["responses"].items():
            for kind, content in operation.doc.resolve(answer).get("content", {}).items():
                if kind.endswith("json"):
                    assert "$ref" in content["schema"], (operation.row, status)


def test_an_answer_with_another_key_would_be_seen(stage: Stage, version: str) -> None:
    """The check of the test client, checked."""
    with stage.clean():
        answer = stage.send("GET", f"/api/{version}/user/me", "customer")
    check = document(stage.app, version).check
    check(f"/api/{version}/user/me", "GET", answer)
    answer.set_data(json.dumps({**answer.get_json(), "password_hash": "x"}))
    with pytest.raises(AssertionError, match="password_hash"):
        check(f"/api/{version}/user/me", "GET", answer)
