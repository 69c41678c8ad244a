"""What Redis holds is bytes and words: nothing there can run code here."""

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_caching import Cache

from marketplace.web.caching.answers import Answer
from marketplace.web.caching.redis_cache import AnswerSerializer
from tests.support.redis import RedisProcess, needs_redis

ANSWERS = [
    Answer(b"", '"0-1"', {}),
    Answer(b"\n\x00\xff{}\n", "e", {"Link": '</a?b=\n>; rel="next"', "Content-Type": "application/json"}),
    Answer("ü".encode(), "e", {}, datetime(2026, 5, 4, 9, tzinfo=UTC)),
]


class Trap:
    """What a pickle of it does when it is read: it writes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self._path,)


@pytest.mark.parametrize("value", ["", "0123456789abcdef", 'a"b\nc', *ANSWERS])
def test_what_is_kept_comes_back(value: str | Answer) -> None:
    serializer = AnswerSerializer()
    assert serializer.loads(serializer.dumps(value)) == value


def test_nothing_comes_back_as_nothing() -> None:
    assert AnswerSerializer().loads(None) is None


@pytest.mark.parametrize("value", [1, None, b"bytes", {"a": 1}])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        AnswerSerializer().dumps(value)


@pytest.mark.parametrize(
    "stored",
    [
        b"!" + pickle.dumps("0123456789abcdef"),
        b"12",
        b"",
        b"\xff\n",
        b"[]\nbody",
        b"null\nbody",
        b'{"etag": "a"}\nbody',
        b'{"etag": "a", "headers": [], "until": null}\nbody',
        b'{"etag": "a", "headers": {}, "until": "soon"}\nbody',
        b'{"etag": "a", "headers": {}, "until": 1}\nbody',
        b"[" * 100_000,
    ],
)
def test_what_others_wrote_is_a_word_that_changes_when_it_does(stored: bytes) -> None:
    serializer = AnswerSerializer()
    word = serializer.loads(stored)
    assert isinstance(word, str)
    assert word == serializer.loads(stored) != serializer.loads(stored + b"x")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Cache, RedisProcess]]:
    server = RedisProcess(tmp_path)
    server.start()
    app = Flask("small", static_folder=None)
    app.config.update(
        CACHE_TYPE="marketplace.web.caching.redis_cache.RedisCache",
        CACHE_REDIS_URL=server.url,
        CACHE_KEY_PREFIX="marketplace:",
    )
    with app.app_context():
        cache = Cache(app)
        yield cache, server
        cache.cache._write_client.close()
    server.stop()


@needs_redis
def test_a_real_redis_holds_no_pickle_and_runs_none(kept: tuple[Cache, RedisProcess], tmp_path: Path) -> None:
    cache, server = kept
    cache.set("answer", ANSWERS[1])
    cache.set("word", "0123456789abcdef")
    assert (cache.get("answer"), cache.get("word")) == (ANSWERS[1], "0123456789abcdef")
    with server.client() as client:
        stored = [client.get(key) for key in client.scan_iter()]
        assert not any(value.startswith((b"!", b"\x80")) for value in stored if value)
        client.set("marketplace:answer", b"!" + pickle.dumps(Trap(tmp_path / "ran")))
        assert isinstance(cache.get("answer"), str)
    assert not (tmp_path / "ran").exists()
