"""Every error as application/problem+json (RFC 9457), in the caller's language."""

import logging
from typing import Any

from flask import Flask, Response, current_app, g, has_request_context, json, request
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from marketplace.database.errors import SchemaAway, translate
from marketplace.kernel import errors
from marketplace.kernel.errors import AppError
from marketplace.kernel.links import NO_LINKS, Links
from marketplace.web.language import preferred_language, translated
from marketplace.web.limits.budgets import advice
from marketplace.web.observability.request_id import current_request_id
from marketplace.web.observability.sentry import capture_exception
from marketplace.web.problem_kinds import STATUSES, WITHOUT_CLASS, ProblemKind, status_of_kind

log = logging.getLogger(__name__)

_LINKS = "marketplace_links"
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
_BY_CODE: dict[str, type[AppError] | ProblemKind] = {
    **{kind.code: kind for kind in STATUSES},
    **{kind.code: kind for kind in WITHOUT_CLASS},
}
_INTERNAL = _BY_CODE["internal_error"]


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem document of any exception, without details that are not meant for clients; an exception
    that is, or may be, a defect is reported.
    """
    known = known_error(error)
    if isinstance(known, SchemaAway):
        cause = error if known is not error else error.__cause__ or error
        log.error("the schema is not what the program needs: run `flask db upgrade`", exc_info=cause)
        capture_exception(cause)
    if known is None:
        # Flask tells Sentry of unhandled errors only, and here all are handled.
        capture_exception(error)
        return _document(500, _INTERNAL.code, _INTERNAL.title, "")
    return _document(status_of_kind(type(known)), known.code, known.title, known.detail, known.data)


def own_base() -> str:
    """How absolute links of this server begin; empty where the host is not known to be ours."""
    links: Links = current_app.extensions.get(_LINKS, NO_LINKS)
    return links.base(request.scheme, request.host)


def problem_type(code: str) -> str:
    """The link to the page of a code: absolute where the host of the request is known to be ours."""
    links: Links = current_app.extensions.get(_LINKS, NO_LINKS)
    if not has_request_context():
        return links.problem(code)
    return links.problem(code, request.scheme, request.host)


def known_error(error: Exception) -> AppError | None:
    """`error` as an error of the program, None for a defect."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, SQLAlchemyError):
        return translate(error, current_app.extensions["marketplace_constraints"])
    return None


_WITH_SENTENCES = {"errors", "dates"}
"""The members of a problem that hold sentences for people; in others a word may look like one."""


def _document(
    status: int, code: str, title: str, detail: str, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    language = preferred_language()
    document = {
        "type": problem_type(code),
        "title": translated(title, language),
        "status": status,
        "detail": translated(detail, language),
        "code": code,
        "request_id": current_request_id(),
    }
    for key, value in (data or {}).items():
        document.setdefault(key, translated(value, language) if key in _WITH_SENTENCES else value)
    return document


def _response(document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(document),
        status=document["status"],
        content_type="application/problem+json",
        headers={
            "Cache-Control": "no-store",
            "Content-Language": preferred_language(),
            "Vary": "Accept-Language",
            **(headers or {}),
        },
    )


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
    kind = _BY_CODE[_HTTP_CODES.get(status, "internal_error" if status >= 500 else "http_error")]  # noqa: PLR2004 - server errors
    # Werkzeug's own descriptions say what was wrong, not what to do.
    detail = "" if status >= 500 else kind.remedy  # noqa: PLR2004 - server errors
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in {"content-type", "content-length"}
    }
    return _response(_document(status, kind.code, kind.title, detail), headers)


def _from_limit(error: RateLimitExceeded) -> Response:
    g.limit_exceeded = error.limit
    return _response(_document(429, "too_many_requests", errors.TooManyRequests.title, advice()))


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


def init_app(app: Flask, links: Links = NO_LINKS) -> None:
    """Register the handlers: nothing leaves the program in another form. `links` begin the types."""
    app.extensions[_LINKS] = links
    app.register_error_handler(AppError, _from_app_error)
    app.register_error_handler(RateLimitExceeded, _from_limit)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(SQLAlchemyError, _from_database)
    app.register_error_handler(Exception, _from_defect)
