"""A test client that checks every response against the OpenAPI document of its version."""

import re
from functools import cached_property
from typing import Any, cast

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from werkzeug.test import TestResponse

from marketplace.web.openapi.contract import HEADERS

SENT_BY_ALL = {"Vary", "Cache-Control"}
"""Headers that say no more than usual on most answers: Cache-Control is `no-store` or `private`."""


class Document:
    """One version's document, with its paths compiled."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._paths = [
            (re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(path)) + "$"), path)
            for path in raw["paths"]
        ]
        self._paths.sort(key=lambda item: item[1].count("{"))

    @cached_property
    def registry(self) -> Registry[Any]:
        resource: Resource[Any] = DRAFT202012.create_resource(self.raw)
        found: Registry[Any] = Registry().with_resource("urn:doc", resource)
        return found

    def operation(self, path: str, method: str) -> dict[str, Any] | None:
        """The operation that serves `path`, None when there is none."""
        for pattern, template in self._paths:
            if pattern.match(path) and method.lower() in self.raw["paths"][template]:
                found: dict[str, Any] = self.raw["paths"][template][method.lower()]
                return found
        return None

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self.raw
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def check(self, path: str, method: str, response: TestResponse) -> None:
        """Raises AssertionError where the response is not as documented."""
        operation = self.operation(path, method)
        status = str(response.status_code)
        if operation is None:
            assert status in {"404", "405", "308"}, f"{method} {path} answered {status} and is not documented"
            return
        label = f"{method} {path} -> {status}"
        assert status in operation["responses"] or status in {"304", "308", "500"}, (
            f"{label} is not documented"
        )
        if status not in operation["responses"]:
            return
        documented = self.resolve(operation["responses"][status])
        content = documented.get("content")
        if not content:
            assert not response.get_data() or status == "304", f"{label} has a body that is not documented"
            return
        assert response.mimetype in content, f"{label} is {response.mimetype}, documented is {list(content)}"
        if response.mimetype == "application/problem+json":
            code = response.get_json()["code"]
            known = content[response.mimetype]["examples"]
            assert code in known, f"{label}: the code {code} is not documented, only {sorted(known)}"
        sent = {name for name in HEADERS if name in response.headers}
        undocumented = sent - documented.get("headers", {}).keys() - SENT_BY_ALL
        assert not undocumented, f"{label}: the headers {sorted(undocumented)} are not documented"
        schema = content[response.mimetype].get("schema")
        if schema and response.is_json:
            validator = Draft202012Validator(_absolute(schema), registry=self.registry)
            errors = [f"{e.json_path}: {e.message}" for e in validator.iter_errors(response.get_json())]
            assert not errors, f"{label}: " + "; ".join(errors[:5])


def _absolute(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: f"urn:doc{value}" if key == "$ref" and str(value).startswith("#") else _absolute(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_absolute(item) for item in node]
    return node


class Answer(TestResponse):
    """An answer as type checkers see it: `json` is whatever the test expects."""

    json: Any


class CheckedClient(FlaskClient):
    """Flask's client; answers below /api/vN are checked."""

    def get(self, *args: Any, **kwargs: Any) -> Answer:
        """GET; the methods below do the same for theirs."""
        return self.open(*args, method="GET", **kwargs)

    def post(self, *args: Any, **kwargs: Any) -> Answer:
        return self.open(*args, method="POST", **kwargs)

    def put(self, *args: Any, **kwargs: Any) -> Answer:
        return self.open(*args, method="PUT", **kwargs)

    def patch(self, *args: Any, **kwargs: Any) -> Answer:
        return self.open(*args, method="PATCH", **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Answer:
        return self.open(*args, method="DELETE", **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> Answer:
        """Send a request. Raises AssertionError where the answer is not as documented."""
        response = super().open(*args, **kwargs)
        path = response.request.path
        match = re.match(r"/api/(v\d+)/", path)
        if match and not path.endswith((".json",)):
            self._document(match[1]).check(path, response.request.method, response)
        return cast("Answer", response)

    def _document(self, version: str) -> Document:
        documents = self.application.extensions.setdefault("test_documents", {})
        if version not in documents:
            api = self.application.extensions["flask-smorest"]["apis"][f"{version.upper()}_"]["ext_obj"]
            documents[version] = Document(api.document)
        found = documents[version]
        assert isinstance(found, Document)
        return found
