"""flask-caching's Redis without pickles: write access to Redis must not allow running code here."""

import hashlib
import json
from datetime import datetime
from typing import Any

from cachelib.serializers import RedisSerializer
from flask_caching.backends import RedisCache as PicklingCache

from marketplace.web.caching.answers import Answer


class AnswerSerializer(RedisSerializer):
    """Words and answers as bytes: a line of JSON, followed by the body unchanged."""

    def dumps(self, value: object, protocol: int = 0) -> bytes:  # noqa: ARG002 - cachelib's signature
        """The bytes of a value. Raises TypeError when it is neither a word nor an answer."""
        if isinstance(value, str):
            return json.dumps(value).encode()
        if not isinstance(value, Answer):
            raise TypeError(f"the cache keeps words and answers, not {type(value).__name__}")
        until = None if value.until is None else value.until.isoformat()
        head = {"etag": value.etag, "headers": value.headers, "until": until}
        return json.dumps(head).encode() + b"\n" + value.body

    def loads(self, bvalue: bytes | None) -> str | Answer | None:
        """The value from `dumps`. Other bytes become a word that changes when they do: so a generation
        written by another release still shows that its topic was dropped, but is never taken for an answer.
        """
        if bvalue is None:
            return None
        head, _, body = bvalue.partition(b"\n")
        try:
            found = json.loads(head)
            return found if isinstance(found, str) else _answer(found, body)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return hashlib.sha256(bvalue).hexdigest()


def _answer(head: dict[str, Any], body: bytes) -> Answer:
    """The answer. Raises ValueError, TypeError, KeyError or AttributeError if `head` is of none."""
    headers = {str(name): str(value) for name, value in head["headers"].items()}
    until = None if head["until"] is None else datetime.fromisoformat(head["until"])
    return Answer(body, str(head["etag"]), headers, until)


class RedisCache(PicklingCache):
    """The `CACHE_TYPE` when REDIS_URL is set."""

    serializer = AnswerSerializer()
