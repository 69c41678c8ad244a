"""Finished answers, as the cache stores them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Answer:
    """A finished 200: its bytes, their ETag and headers, and the time when it expires by itself."""

    body: bytes
    etag: str
    headers: dict[str, str]
    until: datetime | None = None
