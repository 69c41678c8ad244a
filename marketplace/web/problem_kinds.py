"""The kinds of problems: code, status, when each occurs, what to do; the one table of HTTP statuses."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from marketplace.config import PLUGIN_ENTRY_POINTS
from marketplace.kernel import errors
from marketplace.kernel.errors import AppError
from marketplace.kernel.links import PROBLEM_PATH

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


@dataclass(frozen=True)
class ProblemKind:
    """All that the answers with one `code` have in common; the sentences are English.

    `when` says when it occurs, `remedy` what the developer or the user of the client does.
    """

    code: str
    status: int
    title: str
    when: str
    remedy: str


WITHOUT_CLASS = (
    ProblemKind(
        "method_not_allowed",
        405,
        "Method Not Allowed",
        "The address exists, and does not take this method.",
        "Use one of the methods in the header Allow of the answer.",
    ),
    ProblemKind(
        "not_acceptable",
        406,
        "Not Acceptable",
        "The resource has no representation that the header Accept allows.",
        "Send Accept: application/json, or no Accept.",
    ),
    ProblemKind(
        "request_timeout",
        408,
        "Request Timeout",
        "The request did not arrive completely within its time.",
        "Send the request again, in one go and over a faster connection.",
    ),
    ProblemKind(
        "length_required",
        411,
        "Length Required",
        "The request has a body and does not say how long it is.",
        "Send the body with a Content-Length.",
    ),
    ProblemKind(
        "uri_too_long",
        414,
        "URI Too Long",
        "The address with its query is longer than the server takes.",
        "Send fewer or shorter parameters, as by asking for less at a time.",
    ),
    ProblemKind(
        "range_not_satisfiable",
        416,
        "Requested Range Not Satisfiable",
        "The header Range asks for a part of a file that the file does not have.",
        "Ask for a range within the length that Content-Range of the answer gives, or for the whole file.",
    ),
    ProblemKind(
        "upgrade_required",
        426,
        "Upgrade Required",
        "The WebSocket handshake asks for another version of the protocol than 13.",
        "Use a WebSocket library that speaks RFC 6455, as all current browsers do.",
    ),
    ProblemKind(
        "headers_too_large",
        431,
        "Request Header Fields Too Large",
        "The headers of the request are more or longer than the server takes.",
        "Send fewer or shorter headers; look for cookies of other programs on the same host.",
    ),
    ProblemKind(
        "http_error",
        400,
        "The request was refused; see status and detail",
        "The request was refused by HTTP's own rules, and no other code describes it; the status says which"
        " rule (400, 403, 417, 501).",
        "Correct the request; a current HTTP library does not cause this.",
    ),
    ProblemKind(
        "internal_error",
        500,
        "Something went wrong on our side",
        "The program has a defect, which was reported to those who run it.",
        "Try again later, with the same Idempotency-Key if there was one. When you ask for help, name the"
        " request_id of the answer.",
    ),
    ProblemKind(
        "overlapping_requests",
        400,
        "This session is busy",
        "The client sent two polls or two posts of one Socket.IO session at the same time.",
        "Use a Socket.IO client library, which sends one after the other, and do not share a session.",
    ),
    ProblemKind(
        "unknown_socket",
        400,
        "There is no such session",
        "The Socket.IO session has ended, or another process of the server holds it.",
        "Connect again without a session id. Behind several processes, use the transport websocket only.",
    ),
    ProblemKind(
        "too_many_sockets",
        503,
        "This server has no room for more sockets",
        "The server holds as many sockets as it can; calls by HTTP go on.",
        "Connect again after as many seconds as Retry-After says, with growing pauses.",
    ),
)
"""Refusals beside the error classes: by the server, the router, the gate of sockets."""


def status_of_kind(kind: type[AppError]) -> int:
    """The HTTP status of an error class's category. Raises TypeError when it has none."""
    for base in kind.__mro__:
        if base in STATUSES:
            return STATUSES[base]
    raise TypeError(f"{kind.__name__} belongs to no category of marketplace.kernel.errors")


def get_kind(code: str) -> ProblemKind:
    """The kind of problem with this code. Raises LookupError for a code that no error has."""
    found = kinds_by_code().get(code)
    if found is None:
        raise LookupError(f"no error has the code {code!r}")
    return found


def kinds_by_code() -> Mapping[str, ProblemKind]:
    """All kinds of the running program, plugins' too, in the order of their codes.

    Classes that share a code are one kind, with the title of the first and the reasons of all.
    """
    # Gathered anew when plugins have brought further errors.
    return _kinds(sum(1 for _ in _subclasses(AppError)))


@cache
def _kinds(_classes: int) -> Mapping[str, ProblemKind]:
    kinds = {kind.code: kind for kind in WITHOUT_CLASS}
    for code, classes in _classes_by_code().items():
        kinds[code] = ProblemKind(
            code,
            status_of_kind(classes[0]),
            classes[0].title,
            " Or: ".join(dict.fromkeys(_when(one) for one in classes)),
            " Or: ".join(dict.fromkeys(one.remedy for one in classes)),
        )
    return {code: kinds[code] for code in sorted(kinds)}


def example_of(kind: ProblemKind) -> dict[str, Any]:
    """A problem of this kind, as clients read it."""
    value: dict[str, Any] = {
        "type": f"{PROBLEM_PATH}{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.title if kind not in WITHOUT_CLASS else kind.remedy if kind.status < 500 else "",  # noqa: PLR2004 - server errors
        "code": kind.code,
        "request_id": "0f6e5a1c-7d0e-4d8e-9a3b-2f1c5f0b7a11",
    }
    if kind.code == errors.Invalid.code:
        value["errors"] = {"query": {"limit": ["This must be at most 100."]}}
    return value


def _classes_by_code() -> dict[str, list[type[AppError]]]:
    found: dict[str, list[type[AppError]]] = {}
    # General classes come before those that derive from them.
    for kind in sorted(error_classes(), key=lambda one: (len(one.__mro__), one.__module__, one.__qualname__)):
        found.setdefault(kind.code, []).append(kind)
    return found


def error_classes() -> set[type[AppError]]:
    """The error classes of the program and its installed plugins that have a code."""
    ours = {"marketplace"} | {
        entry.module.partition(".")[0] for entry in entry_points(group=PLUGIN_ENTRY_POINTS)
    }
    return {kind for kind in _subclasses(AppError) if kind.code and kind.__module__.partition(".")[0] in ours}


def _subclasses(kind: type[AppError]) -> Iterator[type[AppError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def _when(kind: type[AppError]) -> str:
    """The first paragraph of the docstring."""
    paragraph = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    return " ".join(paragraph.split())
