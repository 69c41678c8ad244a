"""Every error as application/problem+json (RFC 9457); the one table of HTTP statuses."""

import logging
from typing import Any

from flask import Flask, Response, current_app, g, json, request
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from marketplace.database.errors import SchemaAway, translate
from marketplace.kernel import errors
from marketplace.kernel.errors import AppError
from marketplace.web.language import translated_title
from marketplace.web.request_id import current_request_id
from marketplace.web.sentry import capture_exception

log = logging.getLogger(__name__)

STATUSES: dict[type[AppError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.Invalid: 422,
    errors.PreconditionRequired: 428,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
}

_HTTP_CODES = {
    400: "malformed_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    411: "length_required",
    413: "too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    429: "too_many_requests",
    431: "headers_too_large",
}


def status_of(error: AppError) -> int:
    """The HTTP status of an error's category."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    raise TypeError(f"{type(error).__name__} belongs to no category of marketplace.kernel.errors")


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem document of any exception; what is not meant for clients stays out of it, and is reported
    where it is, or may be, a defect.
    """
    known = known_error(error)
    if isinstance(known, SchemaAway):
        cause = error if known is not error else error.__cause__ or error
        log.error("the schema is not what the program needs: run `flask db upgrade`", exc_info=cause)
        capture_exception(cause)
    if known is None:
        # Flask tells Sentry of what nobody handles, and here all is handled.
        capture_exception(error)
        return _document(500, "internal_error", "Something went wrong on our side", "")
    return _document(status_of(known), known.code, known.title, known.detail, known.data)


def known_error(error: Exception) -> AppError | None:
    """`error` as the program's own, None for a defect."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, SQLAlchemyError):
        return translate(error, current_app.extensions["marketplace_constraints"])
    return None


def _document(
    status: int, code: str, title: str, detail: str, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    document = {
        "type": f"/api/docs/errors#{code}",
        "title": translated_title(code, title),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": current_request_id(),
    }
    for key, value in (data or {}).items():
        document.setdefault(key, value)
    return document


def _response(document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    response = Response(
        json.dumps(document), status=document["status"], content_type="application/problem+json"
    )
    response.headers["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def _from_app_error(error: AppError) -> Response:
    headers = {}
    if isinstance(error, errors.Unauthenticated):
        challenge = 'Bearer realm="marketplace"'
        if request.headers.get("Authorization") is not None:
            challenge += ', error="invalid_token"'
        headers["WWW-Authenticate"] = challenge
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return _response(problem_of(error), headers)


def _from_http(error: HTTPException) -> Response | HTTPException:
    if isinstance(error, RoutingException):  # a redirect of the router to the right address
        return error
    status = error.code or 500
    if status >= 500:  # noqa: PLR2004 - the class of server errors
        log.error("unexpected HTTP error", exc_info=error)
    title = error.name
    code = _HTTP_CODES.get(status, "internal_error" if status >= 500 else "http_error")  # noqa: PLR2004 - server errors
    detail = "" if status >= 500 else (error.description or "")  # noqa: PLR2004 - server errors
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in {"content-type", "content-length"}
    }
    return _response(_document(status, code, title, detail), headers)


def _from_limit(error: RateLimitExceeded) -> Response:
    g.limit_exceeded = error.limit
    return _response(
        _document(429, "too_many_requests", errors.TooManyRequests.title, "Wait before you try again"),
    )


def _from_database(error: SQLAlchemyError) -> Response:
    known = known_error(error)
    if known is None:
        return _from_defect(error)
    if isinstance(known, errors.Unavailable) and not isinstance(known, SchemaAway):
        log.warning("database unavailable", extra={"reason": type(error).__name__})
    known.__cause__ = error
    return _from_app_error(known)


def _from_defect(error: Exception) -> Response:
    log.error("unhandled exception", exc_info=error)
    return _response(problem_of(error))


def init_app(app: Flask) -> None:
    """Register the handlers: nothing leaves the program in another form."""
    app.register_error_handler(AppError, _from_app_error)
    app.register_error_handler(RateLimitExceeded, _from_limit)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(SQLAlchemyError, _from_database)
    app.register_error_handler(Exception, _from_defect)
