"""What a start does for the documents, and what waits until somebody asks for one."""

import gzip
import json
from threading import Barrier, Thread

import pytest
from flask import Flask

from marketplace.web.access import public
from marketplace.web.blueprint import ApiBlueprint, VersionedBlueprint
from marketplace.web.openapi.api import make_api


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The blueprints that were put into a document, in order."""
    names: list[str] = []
    real = ApiBlueprint.register_views_in_doc

    def note(self: ApiBlueprint, *args: object, **kwargs: object) -> None:
        names.append(self.name)
        real(self, *args, **kwargs)

    monkeypatch.setattr(ApiBlueprint, "register_views_in_doc", note)
    return names


def test_a_document_is_made_once_and_at_its_first_request(described: list[str]) -> None:
    app = Flask("small", static_folder=None)
    blueprint = VersionedBlueprint("favours", description="Favours", url_prefix="/favours")

    @blueprint.get("/")
    @public
    @blueprint.response(204)
    def list_favours() -> None:
        """List favours"""

    api = make_api(app, "v1", [blueprint])
    assert app.test_client().get("/api/v1/favours/").status_code == 204
    assert described == []

    together = Barrier(4)
    answers: list[bytes] = []

    def ask() -> None:
        together.wait(10)
        answers.append(app.test_client().get("/api/v1/openapi.json").data)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert described == ["favours"]
    assert len(answers) == 4
    assert len(set(answers)) == 1
    assert json.loads(answers[0]) == api.document
    assert list(api.document["paths"]) == ["/api/v1/favours/"]
    assert api.document["tags"] == [{"name": "favours", "description": "Favours"}]


def test_a_document_is_sent_compressed_to_those_who_accept_it(app: Flask) -> None:
    address = "/api/v1/openapi.json"
    plain = app.test_client().get(address, headers={"Accept-Encoding": "identity"})
    packed = app.test_client().get(address, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) < 120_000, "readers of the documentation wait for it"
