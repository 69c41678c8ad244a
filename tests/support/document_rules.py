"""The rules of the linters that matter most, for machines without Node, and those of our own.

Names of rules are those of Redocly (`recommended`) and Spectral (`spectral:oas`) where they have the rule.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Node = dict[str, Any]
Place = tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """A rule that a part of a document breaks."""

    rule: str
    where: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.where} {self.why}".rstrip()


class Document:
    """An OpenAPI 3.1 document, with its parts by kind."""

    def __init__(self, raw: Node) -> None:
        self.raw = raw

    @cached_property
    def operations(self) -> list[tuple[str, str, Node]]:
        """(path, method, operation)"""
        return [
            (path, method, item[method])
            for path, item in self.raw["paths"].items()
            for method in METHODS
            if method in item
        ]

    @cached_property
    def nodes(self) -> list[tuple[Place, Node]]:
        """All objects with their places."""
        return list(_walk(self.raw, ()))

    @cached_property
    def schemas(self) -> list[tuple[Place, Node]]:
        """All schemas with their places; a schema in a schema counts by itself."""
        return [(place, node) for place, node in self.nodes if _is_schema(place)]

    @cached_property
    def registry(self) -> Registry[Any]:
        return Registry().with_resource("urn:doc", Resource(self.raw, DRAFT202012))

    def resolve(self, node: Node) -> Node:
        while "$ref" in node:
            target: Any = self.raw
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def parameters(self, path: str, operation: Node) -> list[Node]:
        """Those of the operation and of its path."""
        both = [*self.raw["paths"][path].get("parameters", []), *operation.get("parameters", [])]
        return [self.resolve(one) for one in both]

    def why_invalid(self, schema: Node, value: Any) -> str:
        """Why `value` does not fit; empty when it does."""
        validator = Draft202012Validator(_absolute(schema), registry=self.registry)
        return "; ".join(f"{error.json_path}: {error.message}" for error in validator.iter_errors(value))


def _walk(node: Any, place: Place) -> Iterator[tuple[Place, Node]]:
    if isinstance(node, dict):
        yield place, node
        # What an example holds are values, of whatever names.
        for key, value in node.items():
            if key == "examples" and isinstance(value, dict) and not _names_things(place):
                yield from (((*place, key, name), one) for name, one in value.items() if "$ref" in one)
            elif key not in {"example", "examples", "default", "const", "enum"} or _names_things(place):
                yield from _walk(value, (*place, str(key)))
            elif key == "examples" and isinstance(value, dict):
                yield from (((*place, key), one) for one in value.values() if set(one) == {"$ref"})
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _walk(value, (*place, str(number)))


def _names_things(place: Place) -> bool:
    """Whether the keys below are names that somebody chose."""
    return bool(place) and place[-1] in {"properties", "schemas", "patternProperties", "$defs"}


def _is_schema(place: Place) -> bool:
    if len(place) < 2:
        return False
    parent, key = place[-2], place[-1]
    if key in {"schema", "items", "additionalProperties", "not"}:
        return parent not in {"properties", "schemas"}
    if key.isdigit():
        return parent in {"allOf", "anyOf", "oneOf", "prefixItems"}
    return parent in {"properties", "patternProperties", "$defs"} or place[:2] == ("components", "schemas")


def _absolute(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: f"urn:doc{value}" if key == "$ref" and str(value).startswith("#") else _absolute(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_absolute(item) for item in node]
    return node


def snake_case(name: str) -> str:
    """`OrderStatus` -> `order_status`, as generators of Python name modules."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


Rule = Callable[[Document], Iterator[Finding]]
RULES: list[Rule] = []


def rule(check: Rule) -> Rule:
    RULES.append(check)
    return check


def findings(raw: Node) -> list[Finding]:
    """All findings in a document; with a reference that leads nowhere, only those are told."""
    document = Document(raw)
    return list(references(document)) or [found for check in RULES for found in check(document)]


@rule
def info(document: Document) -> Iterator[Finding]:
    about = document.raw["info"]
    for name in ("title", "version", "description"):
        if not about.get(name):
            yield Finding(f"info-{name}", "info")
    if not about.get("license", {}).get("name"):
        yield Finding("info-license", "info")
    contact = about.get("contact", {})
    if not any(contact.get(name) for name in ("name", "url", "email")):
        yield Finding("info-contact", "info")


@rule
def servers(document: Document) -> Iterator[Finding]:
    found = [one["url"] for one in document.raw.get("servers", [])]
    if not found:
        yield Finding("no-empty-servers", "servers")
    for url in found:
        if "example.com" in url or "localhost" in url:
            yield Finding("no-server-example.com", url)
        if url.endswith("/") and url != "/":
            yield Finding("no-server-trailing-slash", url)


@rule
def tags(document: Document) -> Iterator[Finding]:
    declared = document.raw.get("tags", [])
    names = [one["name"] for one in declared]
    for one in declared:
        if not one.get("description"):
            yield Finding("tag-description", one["name"])
    for name, count in Counter(names).items():
        if count > 1:
            yield Finding("openapi-tags-uniqueness", name)
    used = set()
    for path, method, operation in document.operations:
        if not operation.get("tags"):
            yield Finding("operation-tags", f"{method} {path}")
        for name in operation.get("tags", []):
            used.add(name)
            if name not in names:
                yield Finding("operation-tag-defined", f"{method} {path}", name)
    for name in set(names) - used:
        yield Finding("no-unused-tags", name)


@rule
def texts(document: Document) -> Iterator[Finding]:
    for path, method, operation in document.operations:
        where = f"{method} {path}"
        summary = operation.get("summary", "")
        if not summary:
            yield Finding("operation-summary", where)
        if not operation.get("description"):
            yield Finding("operation-description", where)
        for one in document.parameters(path, operation):
            if not one.get("description") and not document.resolve(one.get("schema", {})).get("description"):
                yield Finding("parameter-description", where, one["name"])
        for status, answer in operation["responses"].items():
            if document.resolve(answer).get("description", "") in {
                "",
                "OK",
                "Created",
                "Accepted",
                "No Content",
            }:
                yield Finding("response-description", where, status)


@rule
def properties(document: Document) -> Iterator[Finding]:
    for place, schema in document.schemas:
        for name, one in schema.get("properties", {}).items():
            if not one.get("description") and not document.resolve(one).get("description"):
                yield Finding("property-description", "/".join(place), name)
        for name in schema.get("required", []):
            if "properties" in schema and name not in schema["properties"]:
                yield Finding("no-required-schema-properties-undefined", "/".join(place), name)


@rule
def identifiers(document: Document) -> Iterator[Finding]:
    names = Counter(operation.get("operationId", "") for _, _, operation in document.operations)
    for name, count in names.items():
        if not name:
            yield Finding("operation-operationId", "paths")
        elif count > 1:
            yield Finding("operation-operationId-unique", name)
        elif not re.fullmatch(r"[A-Za-z0-9_.~-]+", name):
            yield Finding("operation-operationId-url-safe", name)


@rule
def statuses(document: Document) -> Iterator[Finding]:
    for path, method, operation in document.operations:
        codes = operation["responses"]
        if not any(code[0] in "23" for code in codes):
            yield Finding("operation-success-response", f"{method} {path}")
        if not any(code[0] == "4" for code in codes):
            yield Finding("operation-4xx-response", f"{method} {path}")


@rule
def paths(document: Document) -> Iterator[Finding]:
    found = document.raw["paths"]
    for path in found:
        if path.endswith("/") and path != "/":
            yield Finding("path-keys-no-trailing-slash", path)
        if "?" in path:
            yield Finding("path-not-include-query", path)
        if "{}" in path:
            yield Finding("path-declaration-must-exist", path)
    for path, method, operation in document.operations:
        named = set(re.findall(r"{(.+?)}", path))
        inside = [one["name"] for one in document.parameters(path, operation) if one["in"] == "path"]
        for name in named.symmetric_difference(inside):
            yield Finding("path-parameters-defined", f"{method} {path}", name)
    for one, other in combinations(found, 2):
        if _ambiguous(one.split("/"), other.split("/")):
            yield Finding("no-ambiguous-paths", one, other)


def _ambiguous(one: list[str], other: list[str]) -> bool:
    """As Redocly: some address fits both, and neither has more words than the other."""
    if len(one) != len(other):
        return False
    if any(a != b and "{" not in a and "{" not in b for a, b in zip(one, other, strict=True)):
        return False
    return sum("{" in part for part in one) == sum("{" in part for part in other)


@rule
def components(document: Document) -> Iterator[Finding]:
    used = {node["$ref"] for _, node in document.nodes if isinstance(node.get("$ref"), str)}
    for kind, named in document.raw.get("components", {}).items():
        if kind == "securitySchemes":
            continue
        for name in named:
            if f"#/components/{kind}/{name}" not in used:
                yield Finding("no-unused-components", f"{kind}/{name}")
    for name, schema in document.raw.get("components", {}).get("schemas", {}).items():
        if snake_case(name) in schema.get("properties", {}):
            yield Finding("no-schema-named-as-its-property", name)


def references(document: Document) -> Iterator[Finding]:
    for place, node in document.nodes:
        if isinstance(node.get("$ref"), str) and not _names_things(place):
            try:
                document.resolve(node)
            except (KeyError, TypeError):
                yield Finding("no-unresolved-refs", "/".join(place), node["$ref"])


@rule
def security(document: Document) -> Iterator[Finding]:
    known = document.raw.get("components", {}).get("securitySchemes", {})
    for path, method, operation in document.operations:
        wanted = operation.get("security", document.raw.get("security"))
        if wanted is None:
            yield Finding("security-defined", f"{method} {path}")
        for name in (name for one in wanted or [] for name in one):
            if name not in known:
                yield Finding("security-defined", f"{method} {path}", name)


@rule
def enumerations(document: Document) -> Iterator[Finding]:
    fits = {
        "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None),
        "object": dict, "array": list,
    }  # fmt: skip
    for place, schema in document.schemas:
        values = schema.get("enum")
        if values is None:
            continue
        kinds = schema.get("type")
        if kinds is None:
            yield Finding("typed-enum", "/".join(place))
        if len({repr(value) for value in values}) != len(values):
            yield Finding("duplicated-entry-in-enum", "/".join(place))
        for value in values if kinds else []:
            if not any(
                isinstance(value, fits[kind]) for kind in ([kinds] if isinstance(kinds, str) else kinds)
            ):
                yield Finding("typed-enum", "/".join(place), repr(value))


@rule
def schemas(document: Document) -> Iterator[Finding]:
    for place, schema in document.schemas:
        if schema.get("type") == "array" and "items" not in schema:
            yield Finding("array-items", "/".join(place))
        for example in [*schema.get("examples", []), *([schema["example"]] if "example" in schema else [])]:
            why = document.why_invalid(schema, example)
            if why:
                yield Finding("oas3-valid-schema-example", "/".join(place), why)
        if schema.get("default") is not None and (why := document.why_invalid(schema, schema["default"])):
            yield Finding("oas3-valid-schema-example", "/".join(place), why)


@rule
def examples(document: Document) -> Iterator[Finding]:
    for place, node in document.nodes:
        if "schema" not in node or _is_schema(place):
            continue
        given = [document.resolve(one).get("value") for one in node.get("examples", {}).values()]
        for example in [*given, *([node["example"]] if "example" in node else [])]:
            why = document.why_invalid(node["schema"], example)
            if why:
                yield Finding("oas3-valid-media-example", "/".join(place), why)
