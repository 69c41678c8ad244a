"""The blueprints of accounts, and what their routes know of a request."""

from flask import request
from marshmallow import ValidationError

from marketplace.blueprints.accounts.services import Device, Tokens
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.web import fields
from marketplace.web.access import companion
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.limits import address_key
from marketplace.web.logs import note_user
from marketplace.web.parsing import read_body
from marketplace.web.strict_json import read_json

blp = VersionedBlueprint("accounts", description="Sign-up, sessions and the own profile", url_prefix="/user")
staff_blp = VersionedBlueprint("users", description="Staff: users", url_prefix="/admin/users")


def device() -> Device:
    """Where the request comes from."""
    return Device(name=request.headers.get("User-Agent", ""), ip=address())


def let_in(tokens: Tokens) -> Tokens:
    """The tokens, after the log has been told whose they are."""
    note_user(tokens.user_id)
    return tokens


def address() -> str:
    """The client's address."""
    return request.remote_addr or ""


def own_session() -> Principal | None:
    """Whose access token came along with a public call; not that of an admin who acts as somebody."""
    caller = companion()
    return None if caller is None or caller.acting_admin_id is not None else caller


def phone_key() -> str:
    """Whose budget a request about a phone spends: the phone's, however it is written."""
    try:
        return "phone:" + str(fields.Phone().deserialize(read_json(read_body(request))["phone"]))
    except (AppError, ValidationError, LookupError, TypeError):
        # The request is refused anyway, with the reason.
        return address_key()
