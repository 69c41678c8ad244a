"""Every operation, parameter and property of the documents says what it is."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from marketplace.config import PROJECT_ROOT
from marketplace.web.hardened.fields import Hardened
from marketplace.web.hardened.schema import Schema
from marketplace.web.openapi.field_types import common_words
from tests.contract.examples import operations

DOMAINS = sorted(
    path.name
    for path in (PROJECT_ROOT / "marketplace" / "blueprints").iterdir()
    if (path / "plugin.py").is_file()
)
LONGEST_SUMMARY = 60


def _domain(module: str) -> str:
    return module.split(".")[2] if module.startswith("marketplace.blueprints.") else "web"


def _schemas(kind: type[Schema] = Schema) -> Iterator[type[Schema]]:
    for child in kind.__subclasses__():
        yield child
        yield from _schemas(child)


@pytest.mark.parametrize("domain", DOMAINS)
def test_operations_say_what_they_do(app: Flask, domain: str) -> None:
    wrong = []
    for one in operations(app):
        view = app.view_functions[one.endpoint]
        if _domain(view.__module__) != domain:
            continue
        summary, _, words = (view.__doc__ or "").strip().partition("\n\n")
        if not re.fullmatch(r"[A-Z][a-z]+(-[a-z]+)? [^.;\n]+", summary) or len(summary) > LONGEST_SUMMARY:
            wrong.append(
                f"{one.label}: the first line must be an imperative phrase of at most {LONGEST_SUMMARY} characters,"
                f" such as `Create an order`, not {summary!r}"
            )
        if not words.strip():
            wrong.append(
                f"{one.label}: say below the summary what the call does, when it is refused, what follows"
            )
        if not re.match("Anybody|For ", one.description["description"].rpartition("\n\n")[2]):
            wrong.append(f"{one.label}: the description does not end with who may call it")
        for status, answer in one.description["responses"].items():
            if status.startswith("2") and answer.get("description", "") in {
                "",
                "OK",
                "Created",
                "A page. Each item: ",
            }:
                wrong.append(
                    f"{one.label}: say in the docstring of its schema what the answer with {status} is"
                )
        wrong += [
            f"{one.label}: describe the parameter {parameter['name']}"
            for parameter in one.parameters
            if not parameter.get("description")
        ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("domain", [*DOMAINS, "web"])
def test_fields_say_what_they_mean(app: Flask, domain: str) -> None:
    wrong = []
    for kind in set(_schemas()):
        if _domain(kind.__module__) != domain or not kind.__module__.startswith("marketplace."):
            continue
        for name, field in kind._declared_fields.items():
            assert isinstance(field, Hardened)
            words = field.metadata.get("description") or common_words(field.data_key or name)  # type: ignore[attr-defined]  # a mixin of fields
            if not words:
                wrong.append(f"{kind.__name__}.{name} has no description")
    assert not wrong, "\n" + "\n".join(sorted(wrong))


def test_tags_say_what_stands_below_them(app: Flask) -> None:
    for version in ("V1_", "V2_"):
        document: dict[str, Any] = app.extensions["flask-smorest"]["apis"][version]["ext_obj"].document
        assert [tag["name"] for tag in document["tags"] if not tag["description"]] == []
        assert document["tags"][0]["name"] == "accounts"
        assert next(iter(document["paths"])) == f"/api/{version[:2].lower()}/user/sign-up"
