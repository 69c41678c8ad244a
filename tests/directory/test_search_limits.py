"""No search keeps the database busy: few words, single letters cheaply, a second, then the words themselves or 422."""

import string
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from marketplace.database import lexicon, listings
from marketplace.database.engine import READING
from marketplace.database.prepared import fetch_all, read_connection
from marketplace.database.timeouts import SearchTooBroad, StatementTimeout, search_timeout
from marketplace.extensions import db
from marketplace.testing import CheckedClient, Factory

SEARCHES = ("performers", "performers/suggest", "performers/facets", "services", "cities")
FOR_STAFF = ("admin/users", "admin/performers", "admin/services", "admin/cities")
SLOW = "SELECT pg_sleep(30)::text"


@pytest.mark.parametrize("path", [*SEARCHES, *FOR_STAFF])
def test_many_words_are_refused(client: CheckedClient, make: Factory, auth: Any, path: str) -> None:
    headers = auth(make.staff()) if path in FOR_STAFF else {}
    answers = [
        client.get(f"/api/v1/{path}", query_string={"q": " ".join(letters)}, headers=headers)
        for letters in (string.ascii_lowercase, string.ascii_lowercase[:9], string.ascii_lowercase[:8])
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 200]
    assert answers[0].get_json()["errors"] == {"query": {"q": ["Search for at most 8 words."]}}


def test_single_letters_are_not_looked_up_as_parts(client: CheckedClient, make: Factory) -> None:
    make.performer(headline="Able abacus", about="abcdefgh")

    def meanings(q: str) -> list[tuple[str, str]]:
        rows = db.session.execute(text("SELECT asked, word FROM search_expand(:q, 'en')"), {"q": q})
        return [(row.asked, row.word) for row in rows if row.word is not None]

    assert meanings("a b c d e f g h") == []
    assert ("a", "abacus") in meanings("a")
    assert ("ab", "abacus") in meanings("ab a")


def test_a_letter_that_has_been_begun_hides_nothing(client: CheckedClient, make: Factory) -> None:
    john = make.performer(make.user(first_name="John", last_name="Doe"), headline="Cook", about="x")
    other = make.performer(make.user(first_name="John", last_name="Ash"), headline="Baker", about="y")
    make.performer(make.user(first_name="Ann", last_name="Doe"), headline="Cook", about="z")

    def found(q: str) -> list[int]:
        query = {"q": q, "sort": "relevance"}
        return [item["id"] for item in client.get("/api/v1/performers", query_string=query).json["items"]]

    assert found("john d") == [john.id, other.id]  # who has the initial is first
    assert set(found("john c")) == {john.id, other.id}


def test_a_statement_has_the_time_that_it_is_given(committed: Flask) -> None:
    with committed.app_context():
        with read_connection(db.session()) as connection:
            assert connection.engine is db.engines[READING]
            usual = fetch_all(connection, "SHOW statement_timeout", {})
            with pytest.raises(StatementTimeout):
                fetch_all(connection, SLOW, {}, milliseconds=20)
            assert fetch_all(connection, "SHOW statement_timeout", {}, milliseconds=777)[0][0] == "777ms"
            assert fetch_all(connection, "SHOW statement_timeout", {}) == usual
        assert usual[0][0] == "2500ms"


def test_within_a_transaction_too(client: CheckedClient, make: Factory) -> None:
    user = make.user()
    with read_connection(db.session()) as connection:
        usual = fetch_all(connection, "SHOW statement_timeout", {})
        with pytest.raises(StatementTimeout):
            fetch_all(connection, SLOW, {}, milliseconds=20)
        assert fetch_all(connection, "SHOW statement_timeout", {}, milliseconds=777)[0][0] == "777ms"
        assert fetch_all(connection, "SHOW statement_timeout", {}) == usual
    assert user.username  # what the transaction did is not undone
    with search_timeout(db.session(), "x"):
        assert db.session.execute(text("SHOW statement_timeout")).scalar_one() == "1s"
    assert [(db.session.execute(text("SHOW statement_timeout")).scalar_one(),)] == [tuple(usual[0])]
    with pytest.raises(SearchTooBroad), search_timeout(db.session(), "x"):
        db.session.execute(text("SET LOCAL statement_timeout = 20; " + SLOW))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The first searches that are asked end at their limit: as many as the list, which is filled, is told."""
    limits: list[int | None] = []
    usual = listings.fetch_rows

    def fetch(connection: Any, found: Any, place: Any, milliseconds: int | None = None) -> Any:
        if limits and milliseconds is not None:
            limits.pop()
            raise StatementTimeout
        return usual(connection, found, place, milliseconds)

    monkeypatch.setattr(listings, "fetch_rows", fetch)
    return limits


@pytest.mark.parametrize("sort", ["relevance", "newest"])
def test_after_its_time_the_words_themselves_are_looked_for(
    client: CheckedClient, make: Factory, slow: list[int | None], sort: str
) -> None:
    plumber = make.performer(headline="Plumber", about="x")
    part = make.performer(headline="Xplumberx", about="y")
    query = {"q": "plumber", "sort": sort}
    slow.append(None)
    narrow = client.get("/api/v1/performers", query_string=query)
    assert [item["id"] for item in narrow.json["items"]] == [plumber.id]
    wide = client.get("/api/v1/performers", query_string=query | {"limit": 19})
    assert {item["id"] for item in wide.json["items"]} == {plumber.id, part.id}


@pytest.mark.parametrize("path", ["performers", "services", "performers/suggest"])
def test_what_takes_long_all_the_same_is_told(
    client: CheckedClient, make: Factory, slow: list[int | None], path: str
) -> None:
    slow += [None, None]
    answer = client.get(f"/api/v1/{path}", query_string={"q": "plumber"})
    assert answer.status_code == 422
    assert answer.json["code"] == "search_too_broad"
    assert "city" in answer.json["errors"]["query"]["q"][0]


def test_words_that_take_long_to_understand(client: CheckedClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "_EXPAND", SLOW)
    monkeypatch.setattr(lexicon, "EXPANSION_MS", 20)
    for path in ("performers", "performers/facets", "services"):
        answer = client.get(f"/api/v1/{path}", query_string={"q": "plumber"})
        assert (answer.status_code, answer.json["code"]) == (422, "search_too_broad")
