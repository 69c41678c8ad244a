"""The snapshots of the documents: nothing breaks who relies on them, and they are renewed with the program."""

import copy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from marketplace.config import PROJECT_ROOT
from scripts.contract import (
    PAGE,
    RELEASED,
    SNAPSHOTS,
    Documents,
    bare,
    changes,
    complaint,
    made,
    named,
    renew,
    snapshots,
)
from scripts.contract_changes import compare
from scripts.documents import documents_of


@pytest.fixture(scope="module")
def documents(app: Flask) -> Documents:
    return named(documents_of(app))


def test_nothing_breaks_clients(documents: Documents) -> None:
    stored = snapshots(PROJECT_ROOT / SNAPSHOTS)
    assert set(stored) == {"v1", "v1-sockets", "v2", "v2-sockets"}
    why = complaint(changes(stored, documents))
    assert not why, why


def test_what_is_made_of_the_documents_is_current(documents: Documents) -> None:
    page = (PROJECT_ROOT / PAGE).read_text(encoding="utf-8")
    files = made(documents, snapshots(PROJECT_ROOT / RELEASED), page)
    old = [
        str(path) for path, text in files.items() if (PROJECT_ROOT / path).read_text(encoding="utf-8") != text
    ]
    assert not old, f"the documents have changed, and {', '.join(old)} not yet: run `make contract`"


def example() -> Documents:
    """Documents with one operation and no event."""
    schema = {"type": "object", "properties": {"text": {"type": "string", "description": "Words"}}}
    operation: dict[str, Any] = {
        "operationId": "ask_favour",
        "summary": "Ask for a favour",
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {
            "201": {"description": "The favour"},
            "409": {"content": {"application/problem+json": {"examples": {"favour_done": {"value": 1}}}}},
        },
    }
    sockets: dict[str, Any] = {
        "info": {"version": "v1"}, "channels": {}, "operations": {}, "components": {"schemas": {}},
    }  # fmt: skip
    return {
        "v1": {"paths": {"/api/v1/favours": {"post": operation}}},
        "v2": {"paths": {"/api/v2/favours": {"post": operation}, "/api/v2/more": {"post": operation}}},
        "v1-sockets": sockets,
        "v2-sockets": sockets,
    }


def broken() -> Documents:
    after = copy.deepcopy(example())
    after["v1"]["paths"]["/api/v1/favours"]["post"]["responses"].pop("409")
    return after


def grown() -> Documents:
    after = copy.deepcopy(example())
    after["v1"]["paths"]["/api/v1/more"] = after["v1"]["paths"]["/api/v1/favours"]
    return after


def test_a_change_that_breaks_clients_is_refused_in_sentences(tmp_path: Path) -> None:
    assert renew(tmp_path, example(), breaking=False, release=None) == ""
    before = (tmp_path / SNAPSHOTS / "v1.json").read_text()
    why = renew(tmp_path, broken(), breaking=False, release=None)
    assert "v1: POST /api/v1/favours, answer 409: is gone" in why
    assert "make contract BREAKING=yes" in why
    assert (tmp_path / SNAPSHOTS / "v1.json").read_text() == before
    assert renew(tmp_path, broken(), breaking=True, release=None) == ""
    assert (tmp_path / SNAPSHOTS / "v1.json").read_text() != before


def test_the_page_tells_what_v2_has_and_what_came_since_the_release(tmp_path: Path) -> None:
    renew(tmp_path, example(), breaking=False, release=None)
    page = (tmp_path / PAGE).read_text()
    assert "## From v1 to v2\n\n- POST /api/v1/more: is new\n" in page
    assert "There is no release yet." in page
    renew(tmp_path, example(), breaking=False, release="1.0.0")
    renew(tmp_path, grown(), breaking=False, release=None)
    page = (tmp_path / PAGE).read_text()
    assert "## Since the last release\n\n### v1\n\n- POST /api/v1/more: is new\n" in page
    assert page.endswith("## 1.0.0\n\nThere is no release yet.\n")
    renew(tmp_path, grown(), breaking=False, release="1.1.0")
    page = (tmp_path / PAGE).read_text()
    assert "## Since the last release\n\nNothing.\n" in page
    assert page.index("## 1.1.0\n\n### v1\n\n- POST /api/v1/more: is new") < page.index("## 1.0.0\n")


def test_a_bare_document_says_the_same_to_who_compares(documents: Documents) -> None:
    for name in ("v1", "v2"):
        assert compare(documents[name], bare(documents[name])) == []
        assert compare(bare(documents[name]), documents[name]) == []
    assert "Words" not in str(bare(example()))
    assert "favour_done" in str(bare(example()))
