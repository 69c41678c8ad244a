"""What a document says of every operation by the markers of its view: who may call it, its headers, and each
status that it can give with the codes of its problems.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from apispec import APISpec

from marketplace.web.access import Access
from marketplace.web.problem_kinds import example_of, get_kind

_LONGEST_NAME = 72

IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Makes a retry safe: the same key and body give the stored answer for 24 hours.",
}
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "The ETag of the version that you edit, or `*` for whatever is there.",
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string", "minLength": 1},
    "description": "ETags that you hold: the answer is 304 without a body when one is still right.",
}
ACCEPT_LANGUAGE = {
    "in": "header",
    "name": "Accept-Language",
    "required": False,
    "schema": {"type": "string", "minLength": 1},
    "description": "The language of texts: `en`, `es` or `ar`; English where none of them is wanted.",
}
REQUEST_ID = {
    "in": "header",
    "name": "X-Request-ID",
    "required": False,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    "description": "A name for this request, found again in the answer, errors and logs.",
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "IdempotencyKey": IDEMPOTENCY_KEY,
    "IfMatch": IF_MATCH,
    "IfNoneMatch": IF_NONE_MATCH,
    "AcceptLanguage": ACCEPT_LANGUAGE,
    "RequestId": REQUEST_ID,
}

_TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "The name of this request in errors and logs.", "schema": _TEXT},
    "RateLimit": {
        "description": "What is left of each budget, and the seconds until it is full (RateLimit draft 10).",
        "schema": _TEXT,
    },
    "RateLimit-Policy": {
        "description": "The budgets that this request was counted in (RateLimit draft 10).",
        "schema": _TEXT,
    },
    "ETag": {
        "description": "The version of what was sent, for If-Match and If-None-Match (RFC 9110).",
        "schema": _TEXT,
    },
    "Cache-Control": {
        "description": "How long, and by whom, the answer may be cached (RFC 9111).",
        "schema": _TEXT,
    },
    "Vary": {"description": "The request's headers that the answer depends on.", "schema": _TEXT},
    "Content-Language": {"description": "The language of the texts.", "schema": _TEXT},
    "Content-Disposition": {"description": "The name for the file when it is saved.", "schema": _TEXT},
    "Link": {
        "description": "The addresses of the neighbouring pages (RFC 8288), or of what replaces this.",
        "schema": _TEXT,
    },
    "Allow": {"description": "The methods of this address.", "schema": _TEXT},
    "Retry-After": {"description": "Wait so many seconds.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate (RFC 6750).", "schema": _TEXT},
    "Deprecation": {"description": "Since when this is retired (RFC 9745).", "schema": _TEXT},
    "Sunset": {"description": "When this ends (RFC 8594).", "schema": _TEXT},
}
_ALWAYS = ("X-Request-ID", "RateLimit", "RateLimit-Policy")

_WHO = {
    Access.PUBLIC: "Anybody may call this.",
    Access.SIGNED_IN: "For every user who is signed in.",
    Access.VERIFIED: "For users with a confirmed e-mail address or phone number.",
    Access.PERFORMER: "For performers.",
    Access.STAFF: "For staff.",
    Access.ADMIN: "For admins.",
}


@dataclass(frozen=True)
class Contract:
    """The markers of one operation."""

    operation: str
    method: str
    access: Access
    asks_for_caller: bool
    codes: tuple[str, ...]
    headers: tuple[str, ...]
    in_path: bool
    paged: bool
    idempotent: bool
    editable: bool
    tagged: bool
    shared: bool
    by_language: bool
    recent: bool
    by_user_alone: bool


def describe(doc: dict[str, Any], contract: Contract, spec: APISpec) -> None:
    """Complete the description of an operation in place."""
    doc["operationId"] = contract.operation
    nobody: list[dict[str, Any]] = [{}] if contract.access is Access.PUBLIC else []
    doc["security"] = [*nobody, {"bearer": []}] if contract.asks_for_caller else []
    who = _WHO[contract.access]
    if contract.recent:
        who += " Needs a log-in of the last 15 minutes."
    doc["description"] = "\n\n".join(part for part in (doc.get("description"), who) if part)
    parameters = doc.setdefault("parameters", [])
    has_query = any(isinstance(item, dict) and item.get("in") == "query" for item in parameters)
    for name in _parameters(contract):
        if name not in spec.components.parameters:
            spec.components.parameter(name, PARAMETERS[name]["in"], PARAMETERS[name])
        parameters.append(name)  # apispec makes a reference of it
    responses = doc.setdefault("responses", {})
    responses.pop("default", None)
    for status in [key for key, answer in responses.items() if not isinstance(answer, dict)]:
        del responses[status]  # smorest's own errors
    codes = _codes(contract, has_body="requestBody" in doc, has_query=has_query)
    for status, answer in responses.items():
        if int(status) < 400:  # noqa: PLR2004 - the first status of errors
            named = answer.setdefault("headers", {})
            named.update(_headers(spec, _good_headers(contract)))
    if contract.method == "get" and (contract.tagged or contract.shared):
        responses["304"] = {
            "description": "You hold the right version already.",
            "headers": _headers(
                spec, ["X-Request-ID", "ETag", *(("Cache-Control", "Vary") if contract.shared else ())]
            ),
        }
    for status, found in sorted(codes.items()):
        responses.pop(status, None)
        responses[str(status)] = _reference("responses", _problem_response(spec, status, found))


def _parameters(contract: Contract) -> Iterable[str]:
    if contract.idempotent:
        yield "IdempotencyKey"
    if contract.editable:
        yield "IfMatch"
    if contract.method == "get" and (contract.tagged or contract.shared):
        yield "IfNoneMatch"
    yield "AcceptLanguage"
    yield "RequestId"


def _good_headers(contract: Contract) -> Iterable[str]:
    yield from _ALWAYS
    if contract.tagged or contract.shared:
        yield "ETag"
    if contract.shared:
        yield from ("Cache-Control", "Vary")
    if contract.by_language:
        yield "Content-Language"
    if contract.paged:
        yield "Link"
    yield from contract.headers


def _codes(contract: Contract, *, has_body: bool, has_query: bool) -> Mapping[int, list[str]]:
    """The problems that an operation can answer with, by status: those of its markers, then its own."""
    writes = contract.method != "get"
    named = {
        "malformed_request": True,
        "invalid_cursor": contract.paged,
        "invalid_json": has_body,
        "invalid_idempotency_key": contract.idempotent,
        "unauthenticated": contract.asks_for_caller,
        "not_verified": contract.access in {Access.VERIFIED, Access.PERFORMER},
        "performer_needed": contract.access is Access.PERFORMER,
        "staff_needed": contract.access in {Access.STAFF, Access.ADMIN},
        "second_factor_needed": contract.access in {Access.STAFF, Access.ADMIN},
        "recent_login_needed": contract.recent,
        "not_while_acting": contract.by_user_alone,
        "not_found": contract.in_path,
        "method_not_allowed": True,
        "request_timeout": has_body,
        "resource_busy": writes,
        "rights_changed": writes and contract.asks_for_caller,
        "idempotency_in_progress": contract.idempotent,
        "precondition_failed": contract.editable,
        "too_large": has_body,
        "uri_too_long": has_query,
        "unsupported_media_type": has_body,
        "validation_failed": True,
        # What a body names may go while the request is under way.
        "reference_missing": has_body and contract.asks_for_caller,
        "idempotency_key_reused": contract.idempotent,
        "precondition_required": contract.editable,
        "too_many_requests": True,
        "unavailable": True,
    }
    found: dict[int, list[str]] = {}
    for code in [*(code for code, holds in named.items() if holds), *contract.codes]:
        status = get_kind(code).status
        if code not in found.setdefault(status, []):
            found[status].append(code)
    return found


def _problem_response(spec: APISpec, status: int, codes: list[str]) -> str:
    """The name of the component for the answers with one of `codes`."""
    name = f"Problem{status}_{'_'.join(codes)}"
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}_{crc32(name.encode()):08x}"
    if name not in spec.components.responses:
        kinds = [get_kind(code) for code in codes]
        headers = [*_ALWAYS, "Content-Language"]
        headers += ["WWW-Authenticate"] if status == 401 else []  # noqa: PLR2004 - Unauthorized
        headers += ["Retry-After"] if status in {429, 503} else []
        headers += ["Allow"] if status == 405 else []  # noqa: PLR2004 - Method Not Allowed
        media = {
            "schema": _reference("schemas", "Problem"),
            "examples": {kind.code: _reference("examples", kind.code) for kind in kinds},
        }
        spec.components.response(
            name,
            {
                "description": "\n".join(f"* `{kind.code}`: {kind.title}" for kind in kinds),
                "headers": _headers(spec, headers),
                "content": {"application/problem+json": media},
            },
        )
        for kind in kinds:
            if kind.code not in spec.components.examples:
                words = {"summary": kind.title, "description": f"{kind.when} {kind.remedy}"}
                spec.components.example(kind.code, {**words, "value": example_of(kind)})
    return name


def _headers(spec: APISpec, names: Iterable[str]) -> dict[str, Any]:
    """References to headers, which are described when something has them."""
    found = {}
    for name in names:
        if name not in spec.components.headers:
            spec.components.header(name, HEADERS[name])
        found[name] = _reference("headers", name)
    return found


def _reference(place: str, name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/{place}/{name}"}
