"""What people may ask about their data: a copy of all, and the end of the account."""

from dataclasses import replace
from typing import Any

from flask import Response, stream_with_context, url_for

from marketplace.blueprints.accounts import schemas
from marketplace.blueprints.accounts.blueprint import blp, device
from marketplace.blueprints.accounts.privacy_ports import ExportView
from marketplace.blueprints.accounts.services import Tokens
from marketplace.blueprints.accounts.wiring import accounts
from marketplace.web.access import current_principal, personal, public, recent, signed_in
from marketplace.web.etag import editable, if_match
from marketplace.web.idempotency import idempotent
from marketplace.web.limits import caller_key, limit

ZIP = "application/zip"


@blp.post("/me/export")
@signed_in
@recent
@limit("5/hour", key=caller_key)
@idempotent
@blp.response(202, schemas.Export)
def ask_export() -> ExportView:
    """Ask for a copy of everything held on you; a mail tells when it is ready"""
    return accounts().exports.ask(current_principal())


@blp.get("/me/export")
@signed_in
@personal
@blp.problem(404, "`not_found`: there is none, or it has expired")
@blp.response(200, schemas.Export)
def get_export() -> ExportView:
    """The newest copy, with a link that fetches it while it is ready"""
    found, token = accounts().exports.get(current_principal())
    return replace(found, url=url_for(".fetch_export", token=token)) if token else found


@blp.get("/export")
@public
@blp.problem(404, "`not_found`: the link is not good, or not any more")
@blp.arguments(schemas.ExportLink, location="query")
@blp.response(200, {"contentMediaType": ZIP}, content_type=ZIP)
def fetch_export(query: dict[str, Any]) -> Response:
    """The archive, for whoever has the link: no other right is asked for"""
    found = accounts().exports.fetch(query["token"])
    headers = {
        "Content-Disposition": 'attachment; filename="my-data.zip"',
        "Content-Length": str(found.size),
    }
    # Made while it is sent, when the request would be over: the storage asks whether a transaction is open.
    return Response(stream_with_context(found.parts), content_type=ZIP, headers=headers)


@blp.delete("/me")
@signed_in
@recent
@limit("5/hour", key=caller_key)
@editable("user")
@blp.problem(409, "`order_open`: finish or cancel it first; `last_admin`")
@blp.response(204)
def delete_me() -> None:
    """Delete the own account; for 7 days a token that is sent to you takes it back"""
    accounts().deletion.delete(current_principal(), if_match())


@blp.post("/restore")
@public
@limit("5/minute")
@blp.problem(401, "`code_required`, `invalid_code`: of the second factor")
@blp.problem(403, "`user_blocked`")
@blp.problem(429, "`too_many_requests`; `too_many_tries` of the second factor")
@blp.arguments(schemas.Restore)
@blp.response(200, schemas.Tokens)
def restore_account(data: dict[str, Any]) -> Tokens:
    """Take a deletion back with the token that was sent, and sign in"""
    return accounts().deletion.restore(data["token"], device(), data.get("code"))
