"""The REST entry points of accounts."""

from typing import Any

from flask import request

from marketplace.blueprints.accounts import schemas
from marketplace.blueprints.accounts.services import Device, Profile, SignedUp, Tokens
from marketplace.blueprints.accounts.wiring import accounts
from marketplace.web.access import current_principal, public, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.limits import limit

blp = VersionedBlueprint("accounts", description="Sign-up, sessions and the own profile", url_prefix="/user")


def _device() -> Device:
    return Device(name=request.headers.get("User-Agent", ""), ip=request.remote_addr or "")


@blp.post("/sign-up")
@public
@limit("3/minute")
@idempotent
@blp.problem(409, "`username_taken`, `email_taken`, `phone_taken`")
@blp.arguments(schemas.SignUp)
@blp.response(201, schemas.SignedUp)
def sign_up(data: dict[str, Any]) -> SignedUp:
    """Create an account and sign it in"""
    return accounts().registration.sign_up(data, _device())


@blp.post("/login")
@public
@limit("5/minute")
@blp.problem(403, "`user_blocked`")
@blp.arguments(schemas.Login)
@blp.response(200, schemas.Tokens)
def login(data: dict[str, Any]) -> Tokens:
    """Sign in by username, e-mail or phone"""
    return accounts().sessions.login(data["login"], data["password"], _device())


@blp.post("/token/refresh")
@public
@blp.arguments(schemas.Refresh)
@blp.response(200, schemas.Tokens)
def refresh_token(data: dict[str, Any]) -> Tokens:
    """Exchange a refresh token for the next pair; each works once"""
    return accounts().sessions.refresh(data["refresh_token"])


@blp.post("/logout")
@signed_in
@blp.response(204)
def logout() -> None:
    """End this session"""
    accounts().sessions.logout(current_principal())


@blp.post("/email/verify")
@public
@blp.arguments(schemas.EmailToken)
@blp.response(204)
def verify_email(data: dict[str, Any]) -> None:
    """Confirm an e-mail address with the token that was sent to it"""
    accounts().registration.verify_email(data["token"])


@blp.get("/me")
@signed_in
@blp.response(200, schemas.OwnProfile)
@tagged
def get_me() -> Profile:
    """The own profile, with what waits for staff"""
    return accounts().profile.get(current_principal())


@blp.patch("/me")
@signed_in
@editable
@blp.arguments(schemas.ProfilePatch)
@blp.response(200, schemas.OwnProfile)
@tagged
def update_me(data: dict[str, Any]) -> Profile:
    """Edit the own profile; a performer's names become change requests that staff approves"""
    return accounts().profile.update(current_principal(), data, if_match())
