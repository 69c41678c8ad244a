"""Routes of staff for users."""

from typing import Any

from marketplace.blueprints.accounts import schemas
from marketplace.blueprints.accounts.ports.people import UserSearch, UserView
from marketplace.blueprints.accounts.routes.blueprint import device, staff_blp as blp
from marketplace.blueprints.accounts.services.sessions import Acting
from marketplace.blueprints.accounts.wiring import accounts
from marketplace.kernel.pages import Page
from marketplace.web.access import admin, current_principal, staff
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page


@blp.get("")
@staff
@blp.arguments(schemas.UserQuery, location="query")
@blp.paged(schemas.StaffUser)
def list_users(query: dict[str, Any]) -> Page[UserView]:
    """List users

    The newest account comes first; blocked and deleted ones are among them. Each word of `q` must be found
    in the names, the username, the e-mail address or the phone number.
    """
    page, filters = split_page(query)
    return accounts().staff.list_users(UserSearch(**filters), page)


@blp.get("/<int:user_id>")
@staff
@blp.response(200, schemas.StaffUser)
def get_user(user_id: int) -> UserView:
    """Get a user

    Shows the account as staff sees it: roles, whether it is blocked and why, and when it was deleted.
    """
    return accounts().staff.get(user_id)


@blp.post("/<int:user_id>/block")
@staff
@idempotent
@blp.problems("not_on_self", "not_on_staff", "last_admin")
@blp.arguments(schemas.BlockReason)
@blp.response(200, schemas.StaffUser)
def block_user(data: dict[str, Any], user_id: int) -> UserView:
    """Block a user

    All sessions of the user end at once, and a log-in answers `user_blocked`. The reason stands in the
    audit log and is shown to staff only. Moderators cannot block staff (`not_on_staff`), nobody can block
    themselves (`not_on_self`), and the last admin stays (`last_admin`). Blocking a user who is blocked
    already changes nothing.
    """
    return accounts().staff.block(current_principal(), user_id, data["reason"])


@blp.post("/<int:user_id>/unblock")
@staff
@idempotent
@blp.problems("not_on_self", "not_on_staff")
@blp.response(200, schemas.StaffUser)
def unblock_user(user_id: int) -> UserView:
    """Unblock a user

    The user can log in again; the sessions that the block ended stay ended.
    """
    return accounts().staff.unblock(current_principal(), user_id)


@blp.post("/<int:user_id>/sign-out")
@staff
@idempotent
@blp.problems("not_on_self", "not_on_staff")
@blp.response(204)
def sign_out_user(user_id: int) -> None:
    """Log a user out everywhere

    All sessions of the user end at once, on every device. The user can log in again.
    """
    accounts().staff.sign_out(current_principal(), user_id)


@blp.post("/<int:user_id>/roles")
@admin
@idempotent
@blp.problems("not_on_self", "last_admin")
@blp.arguments(schemas.StaffRoles)
@blp.response(200, schemas.StaffUser)
def set_roles(data: dict[str, Any], user_id: int) -> UserView:
    """Set the roles of a user

    The user has exactly these roles afterwards; an empty list makes an ordinary user. The last admin cannot
    lose the role (`last_admin`), and nobody changes their own roles (`not_on_self`).
    """
    return accounts().staff.set_roles(current_principal(), user_id, data["roles"])


@blp.post("/<int:user_id>/act-as")
@admin
@blp.problems("not_on_self", "not_on_staff", "user_blocked")
@blp.response(200, schemas.Acting)
def act_as(user_id: int) -> Acting:
    """Act as a user

    You get an access token that shows what the user sees, for 30 minutes and without a refresh token. It
    reads all but what is for the user alone, and writes nothing but the profiles: other calls answer
    `not_while_acting`. Each request is written to the audit log with your name. Nobody acts as staff
    (`not_on_staff`) or as a blocked user (`user_blocked`).
    """
    return accounts().staff.act_as(current_principal(), user_id, device())
