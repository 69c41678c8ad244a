"""What staff does with users."""

from typing import Any

from marketplace.blueprints.accounts import schemas
from marketplace.blueprints.accounts.blueprint import device
from marketplace.blueprints.accounts.blueprint import staff_blp as blp
from marketplace.blueprints.accounts.ports import UserSearch, UserView
from marketplace.blueprints.accounts.services import Acting
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
    """All users, newest first; `q` is looked for in names, username, e-mail and phone"""
    page, filters = split_page(query)
    return accounts().staff.list_users(UserSearch(**filters), page)


@blp.get("/<int:user_id>")
@staff
@blp.response(200, schemas.StaffUser)
def get_user(user_id: int) -> UserView:
    """One user"""
    return accounts().staff.get(user_id)


@blp.post("/<int:user_id>/block")
@staff
@idempotent
@blp.problem(403, "`not_on_self`, `not_on_staff`")
@blp.problem(409, "`last_admin`")
@blp.arguments(schemas.BlockReason)
@blp.response(200, schemas.StaffUser)
def block_user(data: dict[str, Any], user_id: int) -> UserView:
    """Keep a user out, at once and everywhere"""
    return accounts().staff.block(current_principal(), user_id, data["reason"])


@blp.post("/<int:user_id>/unblock")
@staff
@idempotent
@blp.problem(403, "`not_on_self`, `not_on_staff`")
@blp.response(200, schemas.StaffUser)
def unblock_user(user_id: int) -> UserView:
    """Let a user in again; earlier sessions stay ended"""
    return accounts().staff.unblock(current_principal(), user_id)


@blp.post("/<int:user_id>/sign-out")
@staff
@idempotent
@blp.problem(403, "`not_on_self`, `not_on_staff`")
@blp.response(204)
def sign_out_user(user_id: int) -> None:
    """End all sessions of a user"""
    accounts().staff.sign_out(current_principal(), user_id)


@blp.post("/<int:user_id>/roles")
@admin
@idempotent
@blp.problem(403, "`not_on_self`")
@blp.problem(409, "`last_admin`")
@blp.arguments(schemas.Roles)
@blp.response(200, schemas.StaffUser)
def set_roles(data: dict[str, Any], user_id: int) -> UserView:
    """Give a user exactly these roles"""
    return accounts().staff.set_roles(current_principal(), user_id, data["roles"])


@blp.post("/<int:user_id>/act-as")
@admin
@blp.problem(403, "`not_on_self`, `not_on_staff`, `user_blocked`")
@blp.response(200, schemas.Acting)
def act_as(user_id: int) -> Acting:
    """A token to see what the user sees, for 30 minutes; no money, messages or transitions"""
    return accounts().staff.act_as(current_principal(), user_id, device())
