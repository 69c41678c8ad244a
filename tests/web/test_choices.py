"""Operations with one of a few words in their path: the document names each by itself."""

import copy
from typing import Any

from marketplace.web.openapi.choices import name_choices

BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/Do"}, "example": {"status": "done"}}}
DOCUMENT: dict[str, Any] = {
    "info": {"title": "Favours"},
    "paths": {
        "/favours/{favour_id}": {"get": {"operationId": "get_favour"}},
        "/{kind}/status": {
            "parameters": [{"in": "path", "name": "kind"}],
            "post": {
                "operationId": "set_status",
                "description": "Sets it.",
                "requestBody": {"content": BODY},
            },
        },
    },
}


def test_each_word_has_a_path_with_its_own_values() -> None:
    before = copy.deepcopy(DOCUMENT)
    words = {"favours": {"status": ["new", "done"]}, "people": {"status": ["blocked"]}}
    named = name_choices(DOCUMENT, {"set_status": ("kind", lambda: words)})
    assert list(named["paths"]) == ["/favours/{favour_id}", "/favours/status", "/people/status"]
    people = named["paths"]["/people/status"]
    assert "parameters" not in people
    assert people["post"]["operationId"] == "set_status_people"
    assert people["post"]["description"] == "Sets it.\n\nHere `status` is one of `blocked`."
    assert people["post"]["requestBody"]["content"]["application/json"]["example"] == {"status": "blocked"}
    assert named["info"] == {"title": "Favours"}
    assert before == DOCUMENT


def test_a_document_without_such_paths_stays_as_it_is() -> None:
    assert name_choices(DOCUMENT, {}) == DOCUMENT
