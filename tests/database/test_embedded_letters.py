"""Letters of every script are letters to the embedded PostgreSQL, also to one that an earlier release made."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url

from marketplace.blueprints.operations.adapters import check_letters
from marketplace.embedded import databases
from marketplace.embedded.databases import find_ctype, make_cluster
from marketplace.embedded.places import layout
from marketplace.extensions import db
from marketplace.testing import CheckedClient, Factory
from tests.support.postgres import User, query, server_pid
from tests.support.waiting import eventually

Use = Callable[..., User]
WORDS = ("plumber", "сантехник", "υδραυλικός", "سباكة", "שרברב")
OLD = "TEMPLATE template1"  # as createdb did


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def as_before(use: Use, instance: Path, monkeypatch: pytest.MonkeyPatch, *steps: str) -> str:
    """A stopped server as an earlier release made it, `steps` further; its URL."""
    server = layout(instance)
    with monkeypatch.context() as patch:
        patch.setattr(databases, "find_ctype", lambda: "C")
        assert make_cluster(server, fsync=False) is None
    user = use(instance)
    url = user.said()
    postgres = make_url(url).set(database="postgres")
    query(postgres, "DROP DATABASE marketplace")
    query(postgres, f"CREATE DATABASE marketplace {OLD}")
    query(url, "CREATE EXTENSION pg_trgm")
    query(url, "CREATE TABLE known (word text); CREATE INDEX ix_word ON known USING gin (word gin_trgm_ops)")
    for word in WORDS:
        query(url, f"INSERT INTO known VALUES ('{word}')")
    assert query(url, "SELECT show_trgm('сантехник')") == []
    for step in steps:
        query(url if step.startswith("!") else postgres, step.removeprefix("!"))
    query(postgres, "CHECKPOINT")
    user.kill()
    eventually(lambda: not server_pid(instance), timeout=30)
    return url


def databases_of(url: str) -> dict[str, str]:
    found = query(
        make_url(url).set(database="postgres"),
        "SELECT json_object_agg(datname, datctype) FROM pg_database WHERE datname LIKE 'marketplace%'",
    )
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "steps",
    [
        (),
        # Killed in the middle: the copy is not whole.
        ("ALTER DATABASE marketplace RENAME TO marketplace_before", "CREATE DATABASE marketplace_moving"),
        # Killed before the last step: the copy serves, the old one is still there.
        (
            "ALTER DATABASE marketplace RENAME TO marketplace_before",
            f"CREATE DATABASE marketplace TEMPLATE template0 LC_CTYPE '{find_ctype()}'",
            "!CREATE EXTENSION pg_trgm",
            f"!CREATE TABLE known AS SELECT unnest(ARRAY{list(WORDS)}) AS word",
        ),
    ],
    ids=["whole", "half moved", "moved"],
)
def test_a_database_of_an_earlier_release_is_moved(
    use: Use, instance: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[str, ...]
) -> None:
    url = as_before(use, instance, monkeypatch, *steps)
    assert use(instance).said() == url
    assert databases_of(url) == {"marketplace": find_ctype()}
    for word in WORDS:
        wrong = word[:-3] + word[-2] + word[-3] + word[-1]
        alike = f"SELECT json_agg(word) FROM known WHERE word % '{wrong}'"
        found = query(url, f"SET pg_trgm.similarity_threshold = 0.15; {alike}")
        assert found == [word], f"{wrong} is {word}"


def test_one_that_cannot_be_moved_stays_as_it_is_and_is_not_ready(
    use: Use, instance: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = as_before(
        use,
        instance,
        monkeypatch,
        "!CREATE FUNCTION fine() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "!ALTER TABLE known ADD CHECK (fine())",
        "!CREATE OR REPLACE FUNCTION fine() RETURNS boolean LANGUAGE sql AS 'SELECT false'",
    )
    app = Flask("another")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    for _ in range(2):  # a second start tries again, and does no harm either
        user = use(instance)
        assert user.said() == url
        assert databases_of(url) == {"marketplace": "C"}
        assert query(url, "SELECT count(*) FROM known") == len(WORDS)
        with app.app_context():
            missing = check_letters()
            db.engine.dispose()
        assert missing is not None
        assert "createdb -T template0" in missing
        user.kill()


def test_misspelt_words_are_found_in_every_script(client: CheckedClient, make: Factory) -> None:
    """End to end: cities, lists and suggestions on the database that the tests are given."""
    performers = {word: make.performer(headline=word).id for word in WORDS}
    for word, wrong in (
        ("plumber", "plumebr"),
        ("сантехник", "сантехнек"),
        ("υδραυλικός", "υδρουλικός"),
        ("سباكة", "سباكه"),
        ("שרברב", "שרברף"),
    ):
        found = client.get("/api/v1/performers", query_string={"q": wrong, "sort": "relevance"})
        assert [item["id"] for item in found.get_json()["items"]] == [performers[word]], wrong
    moscow = make.city(name="Москва", ascii_name="Moskva")
    found = client.get("/api/v1/cities", query_string={"q": "Мосвка"})
    assert [item["id"] for item in found.get_json()["items"]] == [moscow.id]


def test_a_database_that_knows_letters_is_ready(committed: Flask) -> None:
    with committed.app_context():
        assert check_letters() is None
