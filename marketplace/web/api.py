"""The APIs by version: one smorest Api, one OpenAPI document each."""

from threading import Lock
from typing import Any

import flask_smorest
from flask import Flask, Response, json

from marketplace.web.access import public
from marketplace.web.blueprint import ApiBlueprint, VersionedBlueprint
from marketplace.web.openapi_fields import HardenedMarshmallowPlugin, id_converter2schema
from marketplace.web.parsing import IdConverter
from marketplace.web.problems import STATUSES

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
        "type": {"type": "string", "description": "Where the code is explained"},
        "title": {"type": "string", "description": "In the language of Accept-Language"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do about it"},
        "code": {"type": "string", "description": "A stable word to switch on"},
        "request_id": {"type": ["string", "null"]},
        "errors": {"type": "object", "description": "What is refused, by place and field"},
    },
    "required": ["type", "title", "status", "detail", "code", "request_id"],
}


# Said by gunicorn, or a proxy before it, which read no more than the request line.
_ADDRESS_TOO_LONG: dict[str, Any] = {
    "description": "The address has more than 8,190 characters",
    "content": {"text/html": {}},
}

FIRST_TAG = "accounts"
"""Whoever reads a document begins by signing up."""


class VersionedApi(flask_smorest.Api):
    """One version's Api, without what smorest brings and we replace: errors are handled once for the
    whole program in `web.problems`, pages and tags of versions are ours.
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

    def _describe(self) -> dict[str, Any]:
        assert self._app is not None
        components = self.spec.components
        components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
        components.schema("Problem", PROBLEM)
        for status, title in _problem_titles().items():
            components.response(f"PROBLEM_{status}", _problem_response(status, title))
        components.response("PROBLEM_414", _ADDRESS_TOO_LONG)
        for blueprint in self._mounted:
            name = self._name(blueprint)
            blueprint.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
        # Readers meet the tags in this order; those of staff, which are not named here, follow.
        for blueprint in sorted(self._mounted, key=lambda one: one.name != FIRST_TAG):
            if blueprint.has_own_tag:
                self.spec.tag({"name": blueprint.name, "description": blueprint.description})
        found: dict[str, Any] = self.spec.to_dict()
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
            "info": {"description": DESCRIPTION},
            "servers": [{"url": "/"}],
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


def _problem_titles() -> dict[int, str]:
    return {status: kind.title for kind, status in STATUSES.items()} | {405: "Method not allowed"}


def _problem_response(status: int, title: str) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-ID": {"schema": {"type": "string"}}}
    if status == 401:  # noqa: PLR2004 - Unauthorized
        headers["WWW-Authenticate"] = {"schema": {"type": "string"}}
    if status in {429, 503}:
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds"}
    return {
        "description": title,
        "headers": headers,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _serve_document(app: Flask, api: VersionedApi, version: str) -> None:
    made: list[bytes] = []  # the document never changes while the program runs: dumped once, at first use

    @public
    def openapi() -> Response:
        if not made:
            made.append(json.dumps(api.document, sort_keys=False).encode())
        response = Response(made[0], content_type="application/json")
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    app.add_url_rule(f"/api/{version}/openapi.json", endpoint=f"{version}_openapi", view_func=openapi)
