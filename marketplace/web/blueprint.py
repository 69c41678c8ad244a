"""Blueprints that are mounted once per API version, and the OpenAPI description of their routes."""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypedDict, TypeVar, Unpack, cast

import flask_smorest
import orjson
from apispec import APISpec
from flask import Response, jsonify

from marketplace.kernel.json_text import JsonText
from marketplace.kernel.pages import Page
from marketplace.web.access import Access, access_of, asks_for_caller
from marketplace.web.hardened.fields import Upload, inner_fields
from marketplace.web.hardened.parsing import HardenedParser, body_required
from marketplace.web.hardened.schema import Schema, schema_words
from marketplace.web.openapi.choices import Choices
from marketplace.web.openapi.contract import Contract, describe
from marketplace.web.openapi.examples import examples_of, show_examples
from marketplace.web.pagination import link_header, page_schema

F = TypeVar("F", bound=Callable[..., Any])

VERSIONS = ("v1", "v2")


class ApiBlueprint(flask_smorest.Blueprint):
    """A smorest blueprint with the hardened parser and complete documents."""

    ARGUMENTS_PARSER = HardenedParser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rank = 0
        self.tags: dict[str, str] = {}
        self.path_words: dict[str, str] = {}
        self.choices: dict[str, tuple[str, Choices]] = {}
        self._prepare_doc_cbks.append(self._prepare_contract_doc)

    def _store_endpoint_docs(
        self, endpoint: str, obj: Any, parameters: Any, tags: Any, **options: Any
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags, **options)
        if hasattr(obj, "choices"):
            self.choices[endpoint] = obj.choices
        for method, doc in self._docs[endpoint].items():
            if isinstance(doc, dict):
                doc["contract"] = Contract(
                    operation=endpoint,
                    method=method,
                    access=access_of(obj) or Access.PUBLIC,
                    asks_for_caller=asks_for_caller(obj),
                    codes=getattr(obj, "codes", ()),
                    headers=getattr(obj, "headers", ()),
                    in_path=getattr(obj, "in_path", False),
                    paged=getattr(obj, "paged", False),
                    idempotent=getattr(obj, "idempotent", False),
                    editable=getattr(obj, "editable", False),
                    tagged=getattr(obj, "tagged", False),
                    shared=getattr(obj, "shared", False),
                    by_language=getattr(obj, "by_language", False),
                    recent=getattr(obj, "recent", False),
                    by_user_alone=_by_user_alone(method, obj),
                )
                doc["examples"] = examples_of(obj.__module__).get(endpoint, {})

    def _prepare_arguments_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], **kwargs: Any
    ) -> dict[str, Any]:
        """A form is multipart; `json_or_form`, which smorest does not know, is one body in two types."""
        parameters = doc_info.get("arguments", {}).get("parameters", [])
        either = next((item for item in parameters if item.get("in") in {"json_or_form", "form"}), None)
        if either is not None:
            parameters.remove(either)
        doc = super()._prepare_arguments_doc(doc, doc_info, **kwargs)
        if either is not None:
            bodies = {"multipart/form-data": {"schema": either["schema"]}}
            if either["in"] == "json_or_form":
                without, form = _json_and_form(either["schema"])
                bodies = {"application/json": {"schema": without}, "multipart/form-data": {"schema": form}}
            doc["requestBody"] = {"required": either["required"], "content": bodies}
            if not doc.get("parameters"):
                doc.pop("parameters", None)
        return doc

    @property
    def has_routes(self) -> bool:
        """False for a version to which the domain adds nothing."""
        return bool(self._endpoints)

    @staticmethod
    def _prepare_contract_doc(
        doc: dict[str, Any], doc_info: dict[str, Any], *, spec: APISpec, **_: Any
    ) -> dict[str, Any]:
        """Describe what follows from the markers of a route: security, headers, and possible errors."""
        doc.update({key: _unwrapped(words) for key, words in doc_info["docstring"].items()})
        doc_info["docstring"] = {}  # smorest would put it over the finished description
        describe(doc, doc_info["contract"], spec)
        show_examples(doc, doc_info["examples"])
        return doc


def _unwrapped(words: str) -> str:
    """Markdown without the line breaks of the code, which some renderers show; items of lists keep theirs."""
    return re.sub(r"(?<!\n)\n *(?!\n|[*-] |[0-9]+\. |```)", " ", words)


def _json_and_form(schema: Schema) -> tuple[Schema, Schema]:
    """A body as JSON, which has no files, and as a form."""
    kind = type(schema)
    files = [
        name
        for name, field in schema.fields.items()
        if any(isinstance(part, Upload) for part in inner_fields(field))
    ]
    without, form = kind(exclude=files), kind()
    without.document_name, form.document_name = kind.__name__, f"{kind.__name__}Form"
    return without, form


def finished_response(content: Any) -> Response:
    """A response of dicts, lists and dataclasses with exactly the content of the schema, in JSON's own types,
    aware times (UTC) and JsonText.
    """
    options = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS
    return Response(orjson.dumps(content, default=_as_it_is, option=options), mimetype="application/json")


def _as_it_is(value: object) -> orjson.Fragment:
    if isinstance(value, JsonText):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is not JSON's own")


def _written(document: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(view: F) -> F:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Response:
            return finished_response(view(*args, **kwargs))

        return document(cast("F", wrapper))

    return decorate


def _by_user_alone(method: str, view: Any) -> bool:
    """Whether a route for users refuses an admin who acts as one, or requires a recent log-in."""
    if access_of(view) is Access.PUBLIC:
        return False
    if getattr(view, "recent", False):
        return True
    return getattr(view, "personal", False) if method == "get" else not getattr(view, "while_acting", False)


def _what(schema: type[Schema] | Schema | dict[str, Any] | None) -> str:
    """What a good answer is: the words of its schema."""
    if schema is None:
        return "Done; the answer has no body."
    return "" if isinstance(schema, dict) else schema_words(schema)


class RouteOptions(TypedDict, total=False):
    """What a route may say besides its rule."""

    versions: tuple[str, ...] | None
    path: Mapping[str, str] | None


class VersionedBlueprint:
    """Routes of one domain, declared once and mounted under every API version they belong to.

    `versions` of a route narrows it: a route that v2 replaces says `versions=("v1",)`, and
    `routes/v2.py` declares its successor with `versions=("v2",)`.
    """

    def __init__(
        self,
        name: str,
        *,
        description: str,
        url_prefix: str = "",
        versions: tuple[str, ...] = VERSIONS,
        rank: int = 1000,
        staff: Mapping[str, str] | None = None,
    ) -> None:
        """`description` is that of the tag under which the documents list the routes; tags with a lower
        `rank` come first. Routes below /admin stand apart: `staff` describes their tags, by the first part
        of their addresses below it.
        """
        self.name = name
        self.description = description
        self.rank = rank
        self.staff = staff or {}
        self.url_prefix = url_prefix
        self.versions = versions
        self._routes: list[tuple[str, str, Callable[..., Any], tuple[str, ...]]] = []
        self._decorators = ApiBlueprint(name, __name__)
        self.path_words: dict[str, str] = {}

    @property
    def used_versions(self) -> set[str]:
        """The versions that any route names."""
        return {version for *_, versions in self._routes for version in versions}

    @property
    def paths(self) -> set[str]:
        """The paths of all routes, below their version."""
        return {f"{self.url_prefix}{rule}" for rule, *_ in self._routes}

    def get(self, rule: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        """Declare a GET route; the methods below do the same for theirs. `versions` narrows the versions that
        it belongs to, `path` describes parameters of the rule: those that are not the id of something.
        """
        return self._route("GET", rule, **options)

    def post(self, rule: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self._route("POST", rule, **options)

    def put(self, rule: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self._route("PUT", rule, **options)

    def patch(self, rule: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self._route("PATCH", rule, **options)

    def delete(self, rule: str, **options: Unpack[RouteOptions]) -> Callable[[F], F]:
        return self._route("DELETE", rule, **options)

    def _route(
        self,
        method: str,
        rule: str,
        *,
        versions: tuple[str, ...] | None = None,
        path: Mapping[str, str] | None = None,
    ) -> Callable[[F], F]:
        def declare(view: F) -> F:
            view.in_path = "<" in rule  # type: ignore[attr-defined]  # functions carry attributes
            self._routes.append((rule, method, view, versions or self.versions))
            self.path_words.update(path or {})
            return view

        return declare

    def arguments(
        self, schema: type[Schema] | Schema, *, location: str = "json", **kwargs: Any
    ) -> Callable[[F], F]:
        """Parse and check `location` (`json`, `query`, `form`, ...) for the view's next argument."""
        made = schema() if isinstance(schema, type) else schema
        kwargs.setdefault("required", body_required(made))
        # The instance: webargs would make one from a class for each request.
        decorate = self._decorators.arguments(made, location=location, **kwargs)

        def mark(view: F) -> F:
            wrapped = decorate(view)
            wrapped.locations = {*getattr(view, "locations", ()), location}  # type: ignore[attr-defined]  # functions carry attributes
            return wrapped

        return mark

    def response(
        self,
        status: int,
        schema: type[Schema] | Schema | dict[str, Any] | None = None,
        *,
        finished: bool = False,
        **kwargs: Any,
    ) -> Callable[[F], F]:
        """Dump the view's result by `schema`; without one the answer has no body. A dict is a schema of
        OpenAPI for a view that returns a finished Response, of the `content_type`; a `finished` value is
        written unchanged (`finished_response`).
        """
        kwargs.setdefault("description", _what(schema))
        document = self._decorators.response(status, schema, **kwargs)
        if finished:
            return _written(document)
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

    def also(self, status: int, schema: type[Schema], description: str) -> Callable[[F], F]:
        """Document another good status of a view, which returns its result together with it then. The result
        is dumped by the schema of `response`, so this is the same one.
        """
        return self._decorators.alt_response(status, schema=schema(), description=description)

    def problems(self, *codes: str) -> Callable[[F], F]:
        """Document more problems of this route by their codes, besides those that its markers tell of."""

        def mark(view: F) -> F:
            view.codes = (*getattr(view, "codes", ()), *codes)  # type: ignore[attr-defined]  # functions carry attributes
            return view

        return mark

    def choices(self, parameter: str, words: Choices) -> Callable[[F], F]:
        """Let the document name a path for each of the `words` that `parameter` stands for."""

        def mark(view: F) -> F:
            view.choices = (parameter, words)  # type: ignore[attr-defined]  # functions carry attributes
            return view

        return mark

    def headers(self, *names: str) -> Callable[[F], F]:
        """Document more headers of this route's good answers, by their names in `openapi.contract`."""

        def mark(view: F) -> F:
            view.headers = (*getattr(view, "headers", ()), *names)  # type: ignore[attr-defined]  # functions carry attributes
            return view

        return mark

    def paged(self, item: type[Schema], *, finished: bool = False) -> Callable[[F], F]:
        """The view returns a `Page`; it is sent with cursors and a Link header.

        `finished` items are JSON already, or dataclasses in its types: they are written unchanged
        (`finished_response`), because dumping by the schema would cost more than all the rest.
        """
        schema = page_schema(item)
        document = self._decorators.response(200, schema, description=f"A page. Each item: {_what(item)}")
        dump = schema().dump

        def answer(page: Page[Any]) -> Response:
            content = {"items": page.items, "next": page.next, "previous": page.previous}
            return finished_response(content) if finished else jsonify(dump(content))

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
        blueprint.rank, blueprint.path_words = self.rank, self.path_words
        for rule, method, view, versions in self._routes:
            if version in versions:
                tag = self._tag(rule)
                place = tag.removeprefix("staff: ")
                blueprint.tags[tag] = self.description if tag == self.name else self.staff.get(place, "")
                blueprint.add_url_rule(rule, view.__name__, view, methods=[method], tags=[tag])
        return blueprint

    def _tag(self, rule: str) -> str:
        """The tag under which a document lists the route: routes of staff stand apart, grouped by subject."""
        place = f"{self.url_prefix}{rule}".split("/")
        if place[1] != "admin":
            return self.name
        return "staff: bulk" if place[2].startswith("<") else f"staff: {place[2]}"
