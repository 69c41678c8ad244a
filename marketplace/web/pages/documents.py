"""What the OpenAPI documents tell the pages: operations by tag, and the problem codes of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import current_app

from marketplace.web.blueprint import VERSIONS

METHODS = ("get", "post", "put", "patch", "delete")
_CODE = re.compile(r"`([a-z][a-z0-9_]+)`")
_EXTENSION = "marketplace_pages_operations"


@dataclass
class Operation:
    """An operation, in all versions that have it; `links` lead to Swagger UI by version."""

    method: str
    path: str
    tag: str
    summary: str
    deprecated: bool
    needs_token: bool
    codes: set[str]
    links: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """As people write it, without the version."""
        return f"{self.method.upper()} {self.path}"


def document_of(version: str) -> dict[str, Any]:
    """The OpenAPI document of a version."""
    api = current_app.extensions["flask-smorest"]["apis"][f"{version.upper()}_"]["ext_obj"]
    found: dict[str, Any] = api.served
    return found


def operations() -> list[Operation]:
    """All operations, in the order of the documents; read once."""
    kept: list[Operation] | None = current_app.extensions.get(_EXTENSION)
    if kept is None:
        found: dict[tuple[str, str], Operation] = {}
        for version in VERSIONS:
            for one, link in _read(version):
                found.setdefault((one.method, one.path), one).links[version] = link
        kept = current_app.extensions[_EXTENSION] = list(found.values())
    return kept


def tags() -> dict[str, str]:
    """The descriptions of the tags by name, in the order of the documents."""
    described = document_of(VERSIONS[0]).get("tags", [])
    found = {tag["name"]: tag.get("description", "") for tag in described}
    return found | {one.tag: "" for one in operations() if one.tag not in found}


def _read(version: str) -> Iterator[tuple[Operation, str]]:
    document = document_of(version)
    prefix = f"/api/{version}"
    for (path, method), operation in _operations_in(document):
        tag = (operation.get("tags") or ["other"])[0]
        codes: set[str] = set()
        for answer in _answers(document, operation):
            codes |= _examples(answer).keys()
            codes |= set(_CODE.findall(answer.get("description", "")))
        query = "" if version == VERSIONS[0] else f"?urls.primaryName={version}"
        link = f"/api/docs{query}#/{tag.replace(' ', '%20')}/{operation.get('operationId', '')}"
        one = Operation(
            method,
            path.removeprefix(prefix),
            tag,
            operation.get("summary", ""),
            bool(operation.get("deprecated")),
            operation.get("security") != [],
            codes,
        )
        yield one, link


def _operations_in(document: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield (path, method), item[method]


def _answers(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The answers that are errors, references followed."""
    for status, answer in operation.get("responses", {}).items():
        if str(status) >= "400":
            name = answer.get("$ref", "").rpartition("/")[2]
            yield document["components"]["responses"][name] if name else answer


def _examples(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer.get("content", {}).get("application/problem+json", {}).get("examples", {})
    return found
