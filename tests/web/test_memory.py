"""The cache of one process keeps what is new, and what never ends."""

import pytest

from marketplace.extensions import cache as programs
from marketplace.web.caching import memory
from marketplace.web.caching.memory import MemoryCache
from tests.support.ticks import Ticks


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    found = Ticks()
    monkeypatch.setattr(memory, "time", found)
    monkeypatch.setattr("cachelib.simple.time", found)
    return found


def test_what_never_ends_stays_and_the_oldest_goes(ticks: Ticks) -> None:
    cache = MemoryCache(threshold=100)
    cache.set("generation", "word", timeout=0)
    for number in range(1000):
        cache.set(f"key{number}", number, timeout=30)
        assert cache.get(f"key{number}") == number
        assert len(cache._cache) <= 102
    assert cache.get("generation") == "word"
    assert [cache.get(f"key{number}") for number in range(930, 1000)] == list(range(930, 1000))
    assert cache.get("key0") is None


def test_room_is_made_for_many_at_once(ticks: Ticks) -> None:
    cache = MemoryCache(threshold=100)
    for number in range(102):
        cache.set(f"key{number}", number, timeout=30)
    assert len(cache._cache) == 76


def test_what_has_ended_goes_first(ticks: Ticks) -> None:
    cache = MemoryCache(threshold=100)
    for number in range(60):
        cache.set(f"long{number}", number, timeout=300)
    for number in range(41):
        cache.set(f"short{number}", number, timeout=10)
    ticks.now += 11
    cache.set("new", 1, timeout=10)
    assert sorted(cache._cache) == sorted(["new", *(f"long{number}" for number in range(60))])


def test_it_is_the_programs_own(context: object) -> None:
    assert isinstance(programs.cache, MemoryCache)
