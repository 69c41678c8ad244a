"""Routes for copies of the own data: request one, and fetch it by a link."""

from dataclasses import replace
from typing import Any

from flask import Response, stream_with_context, url_for

from marketplace.blueprints.privacy import schemas
from marketplace.blueprints.privacy.ports import ExportView
from marketplace.blueprints.privacy.wiring import privacy
from marketplace.web.access import current_principal, personal, public, recent, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit

blp = VersionedBlueprint(
    "privacy",
    description="A copy of everything that the marketplace holds on you: ask for it, wait for the mail, and"
    " download the archive.",
    url_prefix="/user",
    rank=95,
)

ZIP = "application/zip"


@blp.post("/me/export")
@signed_in
@recent
@limit("5/hour", key=caller_key)
@idempotent
@blp.response(202, schemas.Export)
def ask_export() -> ExportView:
    """Ask for a copy of your data

    A ZIP archive of everything held on you is made in the background; a mail tells you when it is ready,
    and `GET /user/me/export` shows how far it is. While a copy is being made, the call gives you that one
    instead of a second.
    """
    return privacy().exports.ask(current_principal())


@blp.get("/me/export")
@signed_in
@personal
@blp.problems("not_found")
@blp.response(200, schemas.Export)
def get_export() -> ExportView:
    """Get your copy

    Shows the newest copy that you asked for. Once it is `ready`, `url` opens the archive for 15 minutes,
    for anybody who has the link; call again for a fresh link. `not_found` means that you have asked for
    none, or that the last one is older than 7 days.
    """
    found, token = privacy().exports.get(current_principal())
    return replace(found, url=url_for(".fetch_export", token=token)) if token else found


@blp.get("/export")
@public
@blp.problems("not_found")
@blp.arguments(schemas.ExportLink, location="query")
@blp.headers("Content-Disposition")
@blp.response(200, {"contentMediaType": ZIP}, content_type=ZIP, description="The archive, a ZIP file")
def fetch_export(query: dict[str, Any]) -> Response:
    """Download the archive of a copy

    Open the `url` of `GET /user/me/export`: the link is all that is needed, so give it to nobody.
    `not_found` means that the link is older than 15 minutes, or that the copy was removed, as it is when
    the password changes.
    """
    found = privacy().exports.fetch(query["token"])
    headers = {
        "Content-Disposition": 'attachment; filename="my-data.zip"',
        "Content-Length": str(found.size),
    }
    # The parts are read while they are sent, when the request would be over; the context is kept because the
    # storage checks whether a transaction is open.
    return Response(stream_with_context(found.parts), content_type=ZIP, headers=headers)
