"""ETag, If-Match and If-None-Match (RFC 9110, 13): no lost update, no needless transfer.

A tag is `"<version>-<hash of the representation>"`: reads compare the whole, edits the version, which
the UPDATE's WHERE checks once more.
"""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, Response, g, request

from marketplace.kernel.errors import PreconditionFailed, PreconditionRequired

F = TypeVar("F", bound=Callable[..., Any])

_TAG = re.compile(r'"(\d{1,18})(?:-[0-9a-f]{16})?"')


def tagged(view: F) -> F:
    """Give the answer an ETag made from the `version` of the object (or mapping) that the view returns."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        result = view(*args, **kwargs)
        g.etag_version = result["version"] if isinstance(result, dict) else result.version
        return result

    wrapper.tagged = True  # type: ignore[attr-defined]  # read by the OpenAPI document
    return cast("F", wrapper)


def editable(view: F) -> F:
    """Want If-Match before the view runs; the view reads it with `if_match()`."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        g.if_match = _parse(request.headers.get("If-Match"))
        return view(*args, **kwargs)

    wrapper.editable = True  # type: ignore[attr-defined]  # read by the OpenAPI document
    return cast("F", wrapper)


def if_match() -> int | None:
    """The version that the caller edits; None for `*`, which means any."""
    version = g.if_match
    assert version is None or isinstance(version, int)
    return version


def _parse(header: str | None) -> int | None:
    if header is None or not header.strip():
        raise PreconditionRequired
    if header.strip() == "*":
        return None
    tag = _TAG.fullmatch(header.strip())
    if tag is None:
        # Weak, foreign or several tags: none of them can be the version that we gave out.
        raise PreconditionFailed
    return int(tag[1])


def add_etag(response: Response) -> Response:
    """After the request: set the tag of a single resource, or of a public read that set Cache-Control."""
    if response.status_code not in {200, 201} or response.direct_passthrough:
        return response
    version = g.get("etag_version")
    shared = request.method in {"GET", "HEAD"} and response.headers.get("Cache-Control", "").startswith(
        "public"
    )
    if "ETag" not in response.headers and (version is not None or shared):
        digest = hashlib.sha256(response.get_data()).hexdigest()[:16]
        response.set_etag(f"{version or 0}-{digest}")
    if request.method in {"GET", "HEAD"} and _is_known(response):
        response.status_code = 304
    return response


def _is_known(response: Response) -> bool:
    """Whether the caller has this representation. If-Match and dates, which are for edits, do not count."""
    tag, _ = response.get_etag()
    return tag is not None and bool(request.if_none_match) and request.if_none_match.contains_weak(tag)


def init_app(app: Flask) -> None:
    """Set tags after each request."""
    app.after_request(add_etag)
