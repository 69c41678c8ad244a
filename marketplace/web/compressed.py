"""Answers that are compressed once, when they are made, and not each time that they are sent."""

import gzip
import hashlib

from flask import Response, request

_SMALL = 1_000
"""Bytes that are not worth compressing."""


def pack(content: bytes) -> bytes:
    """`content` compressed, without the time, so that equal content has an equal tag."""
    return gzip.compress(content, 9, mtime=0)


def send_packed(packed: bytes, content_type: str, *, seconds: int) -> Response:
    """What `pack` made, compressed for those who accept it; caches may keep it for `seconds`."""
    response = Response(content_type=content_type)
    if request.accept_encodings.quality("gzip") > 0 and len(packed) > _SMALL:
        response.data = packed
        response.headers["Content-Encoding"] = "gzip"
    else:
        response.data = gzip.decompress(packed)
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.set_etag(hashlib.sha256(response.data).hexdigest()[:16])
    return response
