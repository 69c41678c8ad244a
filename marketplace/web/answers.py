"""What the cache keeps: a finished answer."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Answer:
    """A finished 200: its bytes, their ETag, the headers that belong to them, and when it ends by itself."""

    body: bytes
    etag: str
    headers: dict[str, str]
    until: datetime | None = None
