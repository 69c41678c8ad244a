"""The APIs by version: one smorest Api, one OpenAPI document each."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any

import flask_smorest
from apispec import APISpec
from flask import Flask, Response, json

from marketplace.web.access import public
from marketplace.web.blueprint import ApiBlueprint, VersionedBlueprint
from marketplace.web.compressed import pack, send_packed
from marketplace.web.hardened.ids import IdConverter
from marketplace.web.openapi.choices import name_choices
from marketplace.web.openapi.examples import dated
from marketplace.web.openapi.field_types import (
    HardenedMarshmallowPlugin,
    common_words,
    id_converter2schema,
)
from marketplace.web.problem_kinds import kinds_by_code

DESCRIPTION = """\
An open backend for service marketplaces.

* Errors are `application/problem+json` (RFC 9457); switch on `code`.
* Collections are pages: follow `next` with `?after=`; cursors are opaque.
* A `POST` that creates or moves something takes `Idempotency-Key`; `PATCH`, `PUT` and `DELETE` of an
  editable resource want `If-Match`.
* Times are RFC 3339 with offset in and UTC out; money is integer minor units with an ISO 4217 code.
"""


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details; some codes carry further members",
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "The page that explains the code",
        },
        "title": {"type": "string", "description": "What is wrong, in the language of Accept-Language"},
        "status": {"type": "integer", "description": "The status of the answer"},
        "detail": {"type": "string", "description": "What to do about it"},
        # Codes may be added: a client of today has to read a problem of tomorrow.
        "code": {
            "anyOf": [{"$ref": "#/components/schemas/ProblemCode"}, {"type": "string"}],
            "description": "A stable word to switch on; read one that you do not know by its status",
        },
        "request_id": {
            "type": ["string", "null"],
            "description": "The X-Request-ID, for questions to the operators",
        },
        "errors": {
            "type": "object",
            "description": "What is refused, by place (`json`, `query`, `form`, `files`) and field",
            "additionalProperties": True,
        },
    },
    "required": ["type", "title", "status", "detail", "code", "request_id"],
}
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The `access_token` of POST /user/login, /user/sign-up or /user/token/refresh.",
}
LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
CONTACT = {"name": "The operators of this server"}


class VersionedApi(flask_smorest.Api):
    """One version's Api, without the parts of smorest that we replace: errors are handled once for the
    whole program in `web.problems`, pages and ETags are our own.
    """

    def _register_error_handlers(self) -> None:
        """Left to `web.problems`."""

    def _register_responses(self) -> None:
        """Left to `make_api`."""

    def _register_etag_headers(self) -> None:
        """Left to `web.blueprint`."""

    def _register_pagination_header(self) -> None:
        """Left to `web.pagination`."""

    def __init__(self, version: str, **options: Any) -> None:
        super().__init__(config_prefix=version.upper(), **options)
        self._version = version
        self._mounted: list[ApiBlueprint] = []
        self._making = Lock()
        self._document: dict[str, Any] | None = None

    def mount(self, blueprint: ApiBlueprint, prefix: str) -> None:
        """Serve `blueprint` below `prefix`."""
        assert self._app is not None
        name = self._name(blueprint)
        self._app.extensions["flask-smorest"]["blp_name_to_api"][name] = self
        self._app.register_blueprint(blueprint, name=name, url_prefix=prefix)
        self._mounted.append(blueprint)

    @property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document, made at the first request: that costs as much as the rest of a start."""
        with self._making:
            if self._document is None:
                self._document = self._describe()
            return self._document

    @property
    def served(self) -> dict[str, Any]:
        """The document for clients, which names the words that may stand in paths."""
        assert self._app is not None
        choices = {name: one for blueprint in self._mounted for name, one in blueprint.choices.items()}
        with self._app.app_context():
            return name_choices(self.document, choices)

    def _describe(self) -> dict[str, Any]:
        assert self._app is not None
        components = self.spec.components
        components.security_scheme("bearer", BEARER)
        describe_problems(self.spec)
        ranked = sorted(self._mounted, key=lambda one: one.rank)
        tags: dict[str, str] = {}
        path_words: dict[str, str] = {}
        for blueprint in ranked:
            name = self._name(blueprint)
            blueprint.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
            path_words |= blueprint.path_words
            for tag, words in blueprint.tags.items():
                tags[tag] = words or tags.get(tag, "")
        for tag in sorted(tags, key=lambda one: one.startswith("staff: ")):
            self.spec.tag({"name": tag, "description": tags[tag]})
        found: dict[str, Any] = self.spec.to_dict()
        _describe_paths(found, path_words)
        return found

    def _name(self, blueprint: ApiBlueprint) -> str:
        return f"{self._version}_{blueprint.name}"


def make_api(app: Flask, version: str, blueprints: list[VersionedBlueprint]) -> VersionedApi:
    """Mount the routes that belong to `version` below /api/<version>, with their document."""
    prefix = version.upper()
    app.config[f"{prefix}_API_TITLE"] = "Marketplace API"
    app.config[f"{prefix}_API_VERSION"] = version
    app.config[f"{prefix}_OPENAPI_VERSION"] = "3.1.0"
    api = VersionedApi(
        version,
        spec_kwargs={
            "marshmallow_plugin": HardenedMarshmallowPlugin(),
            "info": {"description": DESCRIPTION, "license": LICENSE, "contact": CONTACT},
            # Relative to the document: the Host of a request, which anybody can set, is reflected nowhere.
            "servers": [{"url": "/", "description": "The server that this document comes from"}],
        },
    )
    api.init_app(app)
    api.register_converter(IdConverter, id_converter2schema)
    for blueprint in blueprints:
        built = blueprint.build(version)
        if built.has_routes:
            api.mount(built, f"/api/{version}{blueprint.url_prefix}")
    _serve_document(app, api, version)
    return api


def describe_problems(spec: APISpec) -> None:
    """Add the components that every error is described by."""
    spec.components.schema("Problem", PROBLEM)
    codes = {"type": "string", "enum": list(kinds_by_code()), "description": "The codes of problems"}
    spec.components.schema("ProblemCode", codes)


def _describe_paths(document: dict[str, Any], words: Mapping[str, str]) -> None:
    """Say what the parameters of addresses mean."""
    for item in document["paths"].values():
        for parameter in item.get("parameters", []):
            if "description" not in parameter:
                name = parameter["name"]
                parameter["description"] = words.get(name) or common_words(name) or ""


def document_bytes(document: dict[str, Any], today: date) -> bytes:
    """The document as it is served: the dates of its examples are counted from `today`."""
    return dated(json.dumps(document, sort_keys=False), today).encode()


def _serve_document(app: Flask, api: VersionedApi, version: str) -> None:
    made: dict[date, bytes] = {}  # the document changes with the day alone: dumped once, on first use

    @public
    def openapi() -> Response:
        today = datetime.now(UTC).date()
        content = made.get(today)
        if content is None:
            content = pack(document_bytes(api.served, today))
            made.clear()
            made[today] = content
        return send_packed(content, "application/json", seconds=300)

    app.add_url_rule(f"/api/{version}/openapi.json", endpoint=f"{version}_openapi", view_func=openapi)
