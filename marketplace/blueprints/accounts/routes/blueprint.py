"""The blueprints of accounts, and what their routes read from a request."""

from flask import request
from marshmallow import ValidationError

from marketplace.blueprints.accounts.services.sessions import Device, Tokens
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.web.access import companion
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.hardened import fields
from marketplace.web.hardened.requests import read_body
from marketplace.web.hardened.strict_json import read_json
from marketplace.web.limits.callers import address_key
from marketplace.web.observability.answered import note_user

blp = VersionedBlueprint(
    "accounts",
    description="Begin here: sign up or log in, and send the `access_token` of the answer with every call."
    " Below are the profile, addresses, password, second factor and sessions of your own account.",
    url_prefix="/user",
    rank=10,
)
staff_blp = VersionedBlueprint(
    "users",
    description="What staff does with users",
    url_prefix="/admin/users",
    rank=900,
    staff={"users": "Staff finds users, blocks them and logs them out; admins give roles and act as users."},
)


def device() -> Device:
    """The device that sends the request."""
    return Device(name=request.headers.get("User-Agent", ""), ip=address())


def let_in(tokens: Tokens) -> Tokens:
    """The same tokens; their user is noted for the log line of the request."""
    note_user(tokens.user_id)
    return tokens


def address() -> str:
    """The client's address."""
    return request.remote_addr or ""


def own_session() -> Principal | None:
    """The caller whose access token came with a public call; None for an admin who acts as a user."""
    caller = companion()
    return None if caller is None or caller.acting_admin_id is not None else caller


def phone_key() -> str:
    """The key of the budget of a request about a phone, the same for every way to write the number."""
    try:
        return "phone:" + str(fields.Phone().deserialize(read_json(read_body(request))["phone"]))
    except (AppError, ValidationError, LookupError, TypeError):
        # The request is refused in any case, with the reason.
        return address_key()
