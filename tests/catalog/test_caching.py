"""Finished answers: kept by address, query and language; dropped by topic; a cache that fails is a miss."""

from typing import Any

import pytest

from marketplace.extensions import cache
from marketplace.web.caching import topics


@pytest.fixture
def _no_pause(app: Any) -> Any:
    app.extensions.pop("marketplace_cache_pause", None)
    yield
    app.extensions.pop("marketplace_cache_pause", None)


class Broken(Exception):
    """What no backend is known to raise."""


def test_the_order_of_parameters_does_not_matter(client, make, assert_queries):
    make.city()
    client.get("/api/v1/cities?country=DE&limit=5")
    with assert_queries(0):
        client.get("/api/v1/cities?limit=5&country=DE")
    with assert_queries(1):
        client.get("/api/v1/cities?limit=6&country=DE")
    with assert_queries(1):
        client.get("/api/v2/cities?limit=5&country=DE")


def test_a_kept_page_keeps_its_links(client, make):
    make.city()
    make.city()
    first, again = (client.get("/api/v1/cities?limit=1") for _ in range(2))
    assert 'rel="next"' in first.headers["Link"]
    assert again.headers["Link"] == first.headers["Link"]
    assert again.headers["ETag"] == first.headers["ETag"]


def test_refusals_are_not_kept(client, make):
    for _ in range(2):
        refused = client.get("/api/v1/cities?q=%FF%FE")
        assert refused.status_code in {400, 422}
        assert refused.headers["Cache-Control"] == "no-store"
    assert client.get("/api/v1/cities?q=%EF%BF%BD%EF%BF%BD").status_code == 200
    assert client.get("/api/v1/cities?q=%FF%FE").status_code in {400, 422}


def test_dropping_a_topic_leaves_the_others(client, make, assert_queries):
    make.city()
    client.get("/api/v1/cities")
    client.get("/api/v1/categories")
    topics.drop("cities")
    with assert_queries(1):
        client.get("/api/v1/cities")
        client.get("/api/v1/categories")


def test_what_was_read_before_a_drop_is_not_served_after_it(client, make, monkeypatch):
    """A reader that is slower than the change and its drop keeps its answer where nobody looks."""
    make.city()
    keep = cache.set

    def slow(key: str, value: Any, timeout: int | None = None) -> Any:
        if key.startswith("answer:cities"):
            monkeypatch.setattr(cache, "set", keep)
            topics.drop("cities")
        return keep(key, value, timeout=timeout)

    monkeypatch.setattr(cache, "set", slow)
    assert len(client.get("/api/v1/cities").json["items"]) == 1
    make.city()
    assert len(client.get("/api/v1/cities").json["items"]) == 2


@pytest.mark.parametrize(
    ("path", "told"), [("categories", 60), ("cities", 300), ("banners", 30), ("performers/{}", 60)]
)
def test_what_falls_by_event_is_kept_for_five_minutes_here_and_shorter_by_clients(
    client, make, monkeypatch, path, told
):
    kept = []
    keep = cache.set

    def note(key: str, value: Any, timeout: int | None = None) -> Any:
        kept.append(timeout)
        return keep(key, value, timeout=timeout)

    performer = make.performer()
    monkeypatch.setattr(cache, "set", note)
    answer = client.get(f"/api/v1/{path.format(performer.id)}")
    assert kept == [300]
    assert answer.headers["Cache-Control"] == f"public, max-age={told}"


@pytest.mark.usefixtures("_no_pause")
def test_a_broken_cache_is_a_miss_and_left_alone_for_a_while(client, make, monkeypatch):
    make.city()
    calls = []

    def fail(*_: Any, **__: Any) -> Any:
        calls.append(1)
        raise Broken

    for name in ("get", "set", "add"):
        monkeypatch.setattr(cache, name, fail)
    for _ in range(3):
        answer = client.get("/api/v1/cities")
        assert (answer.status_code, len(answer.json["items"])) == (200, 1)
        assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert len(calls) == 1
    with pytest.raises(Broken):
        topics.drop("cities")  # the outbox tries again
