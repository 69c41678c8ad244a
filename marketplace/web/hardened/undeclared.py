"""Refuses a query or a body that no schema of the route reads."""

from collections.abc import Collection

from flask import Request

from marketplace.kernel.errors import Invalid, UnsupportedMedia
from marketplace.kernel.texts import Text
from marketplace.web.hardened.requests import is_json_type, read_body, read_query
from marketplace.web.hardened.strict_json import WHOLE, is_sound_key, read_json


def refuse_query(request: Request) -> None:
    """Refuse a query, for routes that take none. Raises Invalid, naming each parameter."""
    errors = {
        (name if is_sound_key(name) else WHOLE): [Text("Unknown field.")] for name, _ in read_query(request)
    }
    if errors:
        raise Invalid(errors={"query": errors})


def refuse_body(request: Request) -> None:
    """Refuse a body, for routes that take none; an empty JSON object is accepted. Raises an AppError."""
    raw = read_body(request)
    if not raw:
        return
    if not is_json_type(request):
        raise UnsupportedMedia("Send no body here, or an empty JSON object.")
    value = read_json(raw)
    if not isinstance(value, dict):
        raise Invalid(errors={"json": {WHOLE: ["Send no body here, or an empty JSON object."]}})
    if value:
        raise Invalid(errors={"json": {key: ["Unknown field."] for key in value}})


def refuse_undeclared(request: Request, locations: Collection[str]) -> None:
    """Refuse a query or a body that no schema of the route will read; `locations` are those of its schemas.

    Raises what `refuse_query` and `refuse_body` raise.
    """
    if not {"query", "querystring"}.intersection(locations):
        refuse_query(request)
    if not {"json", "form", "files", "json_or_form"}.intersection(locations):
        refuse_body(request)
