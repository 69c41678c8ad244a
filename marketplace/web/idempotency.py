"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a retry does nothing twice."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, make_response, request

from marketplace.database.idempotency import IdempotencyStore, StoredAnswer
from marketplace.kernel.errors import AppError, Conflict, Invalid, Malformed, Unavailable
from marketplace.web.access import optional_principal
from marketplace.web.etag import add_etag
from marketplace.web.runtime import runtime

F = TypeVar("F", bound=Callable[..., Any])

HEADER = "Idempotency-Key"
_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Cache-Control")
_VALID = re.compile(r"[\x21-\x7e]{1,255}")


class InvalidIdempotencyKey(Malformed):
    """The header Idempotency-Key is empty, too long, or holds blanks or characters beyond ASCII."""

    code = "invalid_idempotency_key"
    title = "Idempotency-Key must be 1 to 255 visible ASCII characters"
    remedy = "Send a random UUID as Idempotency-Key, a new one for each new action."


class IdempotencyKeyReused(Invalid):
    """The Idempotency-Key came before with another method, address or body."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used with another request; use a new key"
    remedy = "Make a new key for each new action, and keep a key only for repeating the same request."


class IdempotencyInProgress(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    code = "idempotency_in_progress"
    title = "The first request with this Idempotency-Key is still running; try again in a moment"
    remedy = (
        "Wait a moment and send the same request with the same key again: it gives the first one's answer."
    )


def idempotent(view: F) -> F:
    """Mark a POST that creates or moves something.

    The answer is stored in the transaction of the view's changes: either both are there or neither,
    so a crash between them cannot make a retry do it twice. Errors store nothing, and free the key.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = _sent_key()
        if key is None:
            return view(*args, **kwargs)
        return _once(key, lambda: make_response(view(*args, **kwargs)))

    wrapper.idempotent = True  # type: ignore[attr-defined]  # read by the OpenAPI document
    return cast("F", wrapper)


@dataclass
class _Prepared:
    """The prepared value for a view, and whether the view was called with it."""

    value: Any
    taken: bool = False


def idempotent_after(
    prepare: Callable[[Any], Any], discard: Callable[[Any], None] | None = None
) -> Callable[[F], F]:
    """As `idempotent`, for a view whose body needs slow work first, such as storing a file: `prepare(body)`
    runs before the transaction is opened, and the view gets its result. Nothing is prepared for a request
    that is answered with a stored answer.

    Stands below `blp.arguments` and above `blp.response`. `discard(prepared)` runs, outside the transaction,
    when the view was refused or a second request with the key was faster. After Unavailable or a crash it is
    unknown whether the request was stored: a sweep has to remove what it prepared.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def take(prepared: _Prepared, *args: Any, **kwargs: Any) -> Any:
            prepared.taken = True
            return view(prepared.value, *args, **kwargs)

        once = idempotent(take)

        @wraps(once)
        def wrapper(body: Any, *args: Any, **kwargs: Any) -> Any:
            key = _sent_key()
            if key is not None:
                # Hashing the body may take a while: the reads before it hold no connection meanwhile.
                runtime().uow.release_connection()
                stored = _replay(key, _fingerprint())
                if stored is not None:
                    return stored
            prepared = _Prepared(prepare(body))
            try:
                answer = once(prepared, *args, **kwargs)
            except Unavailable:
                raise
            except AppError:
                _discard(prepared)
                raise
            if not prepared.taken:
                _discard(prepared)
            return answer

        def _discard(prepared: _Prepared) -> None:
            if discard is not None:
                discard(prepared.value)

        return cast("F", wrapper)

    return decorate


def _sent_key() -> str | None:
    """The key of the request. Raises InvalidIdempotencyKey."""
    key = request.headers.get(HEADER)
    if key is not None and not _VALID.fullmatch(key):
        raise InvalidIdempotencyKey
    return key


def _replay(key: str, fingerprint: bytes) -> Response | None:
    """The stored answer for `key`, None when there is none. Raises IdempotencyKeyReused."""
    current = runtime()
    with current.uow:
        store = IdempotencyStore(current.uow, current.settings.secret_key)
        return _stored(store, _scope(), key, fingerprint)


def _stored(store: IdempotencyStore, scope: str, key: str, fingerprint: bytes) -> Response | None:
    stored = store.find(scope, key)
    if stored is None:
        return None
    if stored.request_hash != fingerprint:
        raise IdempotencyKeyReused
    return Response(stored.body, stored.status, headers=stored.headers)


def _scope() -> str:
    caller = optional_principal()
    return f"user:{caller.user_id}" if caller else f"ip:{request.remote_addr}"


def _once(key: str, run: Callable[[], Response]) -> Response:
    current = runtime()
    store = IdempotencyStore(current.uow, current.settings.secret_key)
    scope, fingerprint = _scope(), _fingerprint()
    with current.uow as uow:
        if not uow.lock("idempotency", scope, key):
            raise IdempotencyInProgress
        stored = _stored(store, scope, key, fingerprint)
        if stored is not None:
            return stored
        response = add_etag(run())
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        store.add(scope, key, StoredAnswer(fingerprint, response.status_code, headers, response.get_data()))
        return response


def _fingerprint() -> bytes:
    """A hash of method, path, query and body, equal for equal requests."""
    digest = hashlib.sha256()
    for part in (request.method.encode(), request.path.encode(), request.query_string):
        digest.update(part + b"\0")
    content_type = request.mimetype
    if content_type == "multipart/form-data":
        # The boundary differs from try to try; only the parts count.
        for name, value in sorted(request.form.items(multi=True)):
            digest.update(f"{name}\0{value}\0".encode("utf-8", "surrogatepass"))
        for name, file in sorted(request.files.items(multi=True), key=lambda item: item[0]):
            digest.update(f"{name}\0{file.filename}\0".encode("utf-8", "surrogatepass"))
            # `prepare` or the other fingerprint has read the file.
            file.stream.seek(0)
            digest.update(hashlib.file_digest(file.stream, "sha256").digest())  # type: ignore[arg-type]  # IO[bytes] is enough
            file.stream.seek(0)
    else:
        digest.update(request.get_data(cache=True))
    return digest.digest()
