"""ETag, If-Match and If-None-Match (RFC 9110, 8.8.3 and 13.1): no lost update, no needless transfer.

The tag of a single resource is `"<version>-<hash of the representation>-<seal>"`. The seal binds both to
their resource, so that a tag of another resource, or a forged one, is not accepted. Reads compare the whole
tag; edits require a whole tag that was issued for the resource, and the version in it, which the UPDATE's
WHERE checks once more.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from marketplace.kernel.errors import PreconditionFailed, PreconditionRequired
from marketplace.web.access import current_principal

F = TypeVar("F", bound=Callable[..., Any])

_ONE = re.compile(r'[ \t]*(W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[ \t,]*|$)')
"""An element of a list of entity tags, with the comma after it."""
_OURS = re.compile(r'"(\d{1,18})-([0-9a-f]{16})-([0-9a-f]{16})"')
_EXTENSION = "marketplace_etag_key"


def tagged(kind: str) -> Callable[[F], F]:
    """Give the answer an ETag, made of the `version` of the view's result, an object or a mapping. Its `id`
    says which of its `kind` it is, or the caller does, for a resource that each user has only one of.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            result = view(*args, **kwargs)
            fields = result if isinstance(result, dict) else {"version": result.version}
            thing_id = fields["id"] if fields is result else getattr(result, "id", None)
            g.etag_of = (_name(kind, thing_id), fields["version"])
            return result

        wrapper.tagged = True  # type: ignore[attr-defined]  # read by the OpenAPI document
        return wrapper  # type: ignore[return-value]  # wraps() keeps the signature

    return decorate


def editable(kind: str) -> Callable[[F], F]:
    """Require If-Match before the view runs, which reads it with `if_match()`. The path (`<kind>_id`) or the
    caller says which of its `kind` is edited.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            name = _name(kind, (request.view_args or {}).get(f"{kind}_id"))
            g.if_match = _wanted(request.headers.get("If-Match"), name)
            return view(*args, **kwargs)

        wrapper.editable = True  # type: ignore[attr-defined]  # read by the OpenAPI document
        return wrapper  # type: ignore[return-value]  # wraps() keeps the signature

    return decorate


def if_match() -> int | None:
    """The version that the caller edits; None for `*`, which means any."""
    version = g.if_match
    assert version is None or isinstance(version, int)
    return version


def _name(kind: str, thing_id: int | None) -> str:
    """The name of a resource in its seal; without an id it is the caller's own."""
    if thing_id is not None:
        return f"{kind}/{thing_id}"
    caller = current_principal()
    own = {"user": caller.user_id, "performer": caller.performer_id}
    return f"{kind}/{own[kind]}" if kind in own else f"{kind} of user/{caller.user_id}"


def _wanted(header: str | None, name: str) -> int | None:
    """The version that If-Match names, None for any. Raises PreconditionRequired, PreconditionFailed."""
    if header is None or not header.strip():
        raise PreconditionRequired
    if header.strip() == "*":
        return None
    versions = [version for tag in _strong_tags(header) if (version := _version_of(tag, name)) is not None]
    if not versions:
        raise PreconditionFailed
    # Among several issued tags, only the newest version can be the current one.
    return max(versions)


def _strong_tags(header: str) -> list[str]:
    """The tags of a list; weak ones never match strongly. Raises PreconditionFailed for other text."""
    found, position = [], len(header) - len(header.lstrip(" \t,"))
    while position < len(header):
        one = _ONE.match(header, position)
        if one is None:
            raise PreconditionFailed
        if one[1] is None:
            found.append(one[2])
        position = one.end()
    return found


def _version_of(tag: str, name: str) -> int | None:
    """The version in a tag that was issued for the resource of this name, None for any other tag."""
    found = _OURS.fullmatch(tag)
    if found is None or not hmac.compare_digest(_seal(name, found[1], found[2]), found[3]):
        return None
    return int(found[1])


def _seal(name: str, version: int | str, digest: str) -> str:
    key: bytes = current_app.extensions[_EXTENSION]
    return hmac.new(key, f"{name}\0{version}\0{digest}".encode(), hashlib.sha256).hexdigest()[:16]


def add_etag(response: Response) -> Response:
    """After the request: set the tag of a single resource, or of a public read that set Cache-Control."""
    if response.status_code not in {200, 201} or response.direct_passthrough:
        return response
    of = g.get("etag_of")
    shared = request.method in {"GET", "HEAD"} and response.headers.get("Cache-Control", "").startswith(
        "public"
    )
    if "ETag" not in response.headers and (of is not None or shared):
        digest = hashlib.sha256(response.get_data()).hexdigest()[:16]
        if of is None:
            response.set_etag(f"0-{digest}")
        else:
            name, version = of
            response.set_etag(f"{version}-{digest}-{_seal(name, version, digest)}")
    if request.method in {"GET", "HEAD"} and _is_known(response):
        response.status_code = 304
    return response


def _is_known(response: Response) -> bool:
    """Whether the caller has this representation. If-Match and dates, which are for edits, do not count."""
    tag, _ = response.get_etag()
    return tag is not None and bool(request.if_none_match) and request.if_none_match.contains_weak(tag)


def init_app(app: Flask) -> None:
    """Set tags after each request."""
    secret: str = app.config["SECRET_KEY"]
    app.extensions[_EXTENSION] = hmac.new(secret.encode(), b"etag", hashlib.sha256).digest()
    app.after_request(add_etag)
