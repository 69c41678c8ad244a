"""Blueprints that are mounted once per API version, and what their routes tell the OpenAPI document."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import flask_smorest
import orjson
from flask import Response, jsonify

from marketplace.kernel.pages import Page
from marketplace.web.access import Access, access_of, asks_for_caller
from marketplace.web.pagination import link_header, page_schema
from marketplace.web.parsing import HardenedParser, body_required
from marketplace.web.schema import Schema

F = TypeVar("F", bound=Callable[..., Any])

VERSIONS = ("v1", "v2")

_IDEMPOTENCY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Makes a retry safe: the same key and body give the stored answer for 24 hours",
}
_IF_MATCH_PARAMETER = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "The ETag of the version that you edit, or `*`",
}


# What smorest's decorators say of their own errors, as names of components that we replace.
_SMOREST_ERRORS = ("UNPROCESSABLE_ENTITY", "DEFAULT_ERROR")


class ApiBlueprint(flask_smorest.Blueprint):
    """A smorest blueprint with the hardened parser and complete documents."""

    ARGUMENTS_PARSER = HardenedParser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_own_tag = False
        self._prepare_doc_cbks.append(self._prepare_contract_doc)

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        for method, doc in self._docs[endpoint].items():
            if isinstance(doc, dict):
                doc["contract"] = {
                    "operation": endpoint,
                    "access": access_of(obj) or Access.PUBLIC,
                    "asks_for_caller": asks_for_caller(obj),
                    "problems": getattr(obj, "problems", {}),
                    "in_path": getattr(obj, "in_path", False),
                    "idempotent": getattr(obj, "idempotent", False),
                    "editable": getattr(obj, "editable", False),
                    "tagged": getattr(obj, "tagged", False),
                    "by_user_alone": _by_user_alone(method, obj),
                }

    def _prepare_arguments_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], **kwargs: Any
    ) -> dict[str, Any]:
        """`json_or_form`, which smorest does not know, is one body in two content types."""
        parameters = doc_info.get("arguments", {}).get("parameters", [])
        either = next((item for item in parameters if item.get("in") == "json_or_form"), None)
        if either is not None:
            parameters.remove(either)
        doc = super()._prepare_arguments_doc(doc, doc_info, **kwargs)
        if either is not None:
            schema = {"schema": either["schema"]}
            doc["requestBody"] = {
                "required": either["required"],
                "content": {"application/json": schema, "multipart/form-data": dict(schema)},
            }
            if not doc.get("parameters"):
                doc.pop("parameters", None)
        return doc

    @property
    def has_routes(self) -> bool:
        """False for a version that the domain adds nothing to."""
        return bool(self._endpoints)

    @staticmethod
    def _prepare_contract_doc(doc: dict[str, Any], doc_info: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What holds for every route by its markers: security, headers, and the errors it may answer with."""
        contract = doc_info["contract"]
        access = contract["access"]
        responses = doc.setdefault("responses", {})
        responses.pop("default", None)
        parameters = doc.setdefault("parameters", [])
        doc["operationId"] = contract["operation"]
        nobody: list[dict[str, Any]] = [{}] if access is Access.PUBLIC else []
        doc["security"] = [*nobody, {"bearer": []}] if contract["asks_for_caller"] else []
        has_query = any(isinstance(item, dict) and item.get("in") == "query" for item in parameters)
        codes = _error_statuses(contract, has_body="requestBody" in doc, has_query=has_query)
        if contract["idempotent"]:
            parameters.append(_IDEMPOTENCY_PARAMETER)
        if contract["editable"]:
            parameters.append(_IF_MATCH_PARAMETER)
        if contract["tagged"]:
            for code, response in responses.items():
                if str(code).startswith("2") and isinstance(response, dict):
                    response.setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}}
        for code in [code for code, answer in responses.items() if answer in _SMOREST_ERRORS]:
            del responses[code]
        for code in codes:
            responses[str(code)] = f"PROBLEM_{code}"
            responses.pop(code, None)
        for code, description in contract["problems"].items():
            responses[str(code)] = {
                "description": description,
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        if not parameters:
            del doc["parameters"]
        return doc


def _by_user_alone(method: str, view: Any) -> bool:
    """Whether a route for users is refused to an admin who acts as one, or wants a recent log-in."""
    if access_of(view) is Access.PUBLIC:
        return False
    if getattr(view, "recent", False):
        return True
    return getattr(view, "personal", False) if method == "get" else not getattr(view, "while_acting", False)


def _error_statuses(contract: dict[str, Any], *, has_body: bool, has_query: bool) -> set[int]:
    """The errors that a route may answer with, by its markers."""
    codes = {400, 401, 422, 429, 503}
    if contract["access"] not in {Access.PUBLIC, Access.SIGNED_IN} or contract["by_user_alone"]:
        codes.add(403)
    if has_body:
        codes |= {413, 415}
    if has_query:
        codes.add(414)
    if contract["idempotent"]:
        codes.add(409)
    if contract["editable"]:
        codes |= {409, 412, 428}
    if contract["in_path"]:
        codes.add(404)
    return codes


class VersionedBlueprint:
    """Routes of one domain, declared once and mounted under every API version they belong to.

    `versions` of a route narrows it: a route that v2 replaces says `versions=("v1",)`, and
    `routes_v2.py` declares its successor with `versions=("v2",)`.
    """

    def __init__(
        self, name: str, *, description: str, url_prefix: str = "", versions: tuple[str, ...] = VERSIONS
    ) -> None:
        self.name = name
        self.description = description
        self.url_prefix = url_prefix
        self.versions = versions
        self._routes: list[tuple[str, str, Callable[..., Any], tuple[str, ...]]] = []
        self._decorators = ApiBlueprint(name, __name__)

    @property
    def used_versions(self) -> set[str]:
        """The versions that any route names."""
        return {version for *_, versions in self._routes for version in versions}

    def get(self, rule: str, *, versions: tuple[str, ...] | None = None) -> Callable[[F], F]:
        """Declare a GET route; likewise the other methods."""
        return self._route("GET", rule, versions)

    def post(self, rule: str, *, versions: tuple[str, ...] | None = None) -> Callable[[F], F]:
        return self._route("POST", rule, versions)

    def put(self, rule: str, *, versions: tuple[str, ...] | None = None) -> Callable[[F], F]:
        return self._route("PUT", rule, versions)

    def patch(self, rule: str, *, versions: tuple[str, ...] | None = None) -> Callable[[F], F]:
        return self._route("PATCH", rule, versions)

    def delete(self, rule: str, *, versions: tuple[str, ...] | None = None) -> Callable[[F], F]:
        return self._route("DELETE", rule, versions)

    def _route(self, method: str, rule: str, versions: tuple[str, ...] | None) -> Callable[[F], F]:
        def declare(view: F) -> F:
            view.in_path = "<" in rule  # type: ignore[attr-defined]  # functions carry attributes
            self._routes.append((rule, method, view, versions or self.versions))
            return view

        return declare

    def arguments(
        self, schema: type[Schema] | Schema, *, location: str = "json", **kwargs: Any
    ) -> Callable[[F], F]:
        """Parse and check `location` (`json`, `query`, `form`, ...) for the view's next argument."""
        made = schema() if isinstance(schema, type) else schema
        kwargs.setdefault("required", body_required(made))
        # The instance: from a class webargs would make one for each request.
        decorate = self._decorators.arguments(made, location=location, **kwargs)

        def mark(view: F) -> F:
            wrapped = decorate(view)
            wrapped.locations = {*getattr(view, "locations", ()), location}  # type: ignore[attr-defined]  # functions carry attributes
            return wrapped

        return mark

    def response(
        self, status: int, schema: type[Schema] | Schema | dict[str, Any] | None = None, **kwargs: Any
    ) -> Callable[[F], F]:
        """Dump what the view returns by `schema`; without one the answer has no body. A dict is a schema of
        OpenAPI for a view that returns a finished Response, of the `content_type`.
        """
        document = self._decorators.response(status, schema, **kwargs)
        if schema is not None:
            return document

        def decorate(view: F) -> F:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                found = view(*args, **kwargs)
                if found is not None:
                    return found
                response = Response(status=status)
                del response.headers["Content-Type"]
                return response

            return cast("F", document(wrapper))

        return decorate

    def problem(self, status: int, description: str) -> Callable[[F], F]:
        """Document one more error of this route; the codes that it may carry belong into `description`."""

        def mark(view: F) -> F:
            view.problems = {**getattr(view, "problems", {}), status: description}  # type: ignore[attr-defined]  # functions carry attributes
            return view

        return mark

    def paged(self, item: type[Schema], *, finished: bool = False) -> Callable[[F], F]:
        """The view returns a `Page`; it goes out with cursors and a Link header.

        `finished` items are dataclasses with just the fields of `item`, in JSON's own types and aware times
        (UTC): they are written as they are, at a tenth of what dumping by the schema costs.
        """
        schema = page_schema(item)
        document = self._decorators.response(200, schema, headers={"Link": {"schema": {"type": "string"}}})
        dump = schema().dump

        def answer(page: Page[Any]) -> Response:
            content = {"items": page.items, "next": page.next, "previous": page.previous}
            if finished:
                return Response(orjson.dumps(content, option=orjson.OPT_UTC_Z), mimetype="application/json")
            return jsonify(dump(content))

        def decorate(view: F) -> F:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                page: Page[Any] = view(*args, **kwargs)
                response = answer(page)
                link = link_header(page)
                if link is not None:
                    response.headers["Link"] = link
                return response

            wrapper.paged = True  # type: ignore[attr-defined]  # read by the test that every list has pages
            return cast("F", document(wrapper))

        return decorate

    def build(self, version: str) -> ApiBlueprint:
        """A fresh smorest blueprint with the routes of `version`."""
        blueprint = ApiBlueprint(self.name, __name__, description=self.description)
        for rule, method, view, versions in self._routes:
            if version in versions:
                tag = self._tag(rule)
                blueprint.has_own_tag |= tag == self.name
                blueprint.add_url_rule(rule, view.__name__, view, methods=[method], tags=[tag])
        return blueprint

    def _tag(self, rule: str) -> str:
        """Where a document lists the route: what staff do stands apart, by what it is done with."""
        place = f"{self.url_prefix}{rule}".split("/")
        if place[1] != "admin":
            return self.name
        return "staff: bulk" if place[2].startswith("<") else f"staff: {place[2]}"
