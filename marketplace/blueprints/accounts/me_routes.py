"""The own account: profile, addresses, second factor."""

from typing import Any

from marketplace.blueprints.accounts import schemas
from marketplace.blueprints.accounts.blueprint import address, blp, phone_key
from marketplace.blueprints.accounts.services import NewFactor, Profile, RecoveryCodes
from marketplace.blueprints.accounts.wiring import accounts
from marketplace.web.access import current_principal, recent, signed_in, verified, while_acting
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.limits import caller_key, limit


@blp.get("/me")
@signed_in
@blp.response(200, schemas.OwnProfile)
@tagged("user")
def get_me() -> Profile:
    """The own profile, with what waits for staff"""
    return accounts().profile.get(current_principal())


@blp.patch("/me")
@signed_in
@while_acting
@editable("user")
@blp.arguments(schemas.ProfilePatch)
@blp.response(200, schemas.OwnProfile)
@tagged("user")
def update_me(data: dict[str, Any]) -> Profile:
    """Edit the own profile; a performer's names become change requests that staff approves"""
    return accounts().profile.update(current_principal(), data, if_match())


@blp.put("/me/avatar")
@signed_in
@editable("user")
@limit("20/hour", key=caller_key)
@blp.problem(422, "`validation_failed`, `not_a_picture`, `picture_too_large`")
@blp.problem(429, "`too_many_requests`, `pictures_at_once`; `pictures_spent` until tomorrow")
@blp.problem(507, "`storage_full`")
@blp.arguments(schemas.AvatarFile, location="form")
@blp.response(200, schemas.OwnProfile)
@tagged("user")
def set_avatar(data: dict[str, Any]) -> Profile:
    """Show a picture (JPEG, PNG or WebP); a performer's waits for staff"""
    return accounts().avatars.set(current_principal(), data["file"].stream, if_match())


@blp.delete("/me/avatar")
@signed_in
@editable("user")
@blp.response(200, schemas.OwnProfile)
@tagged("user")
def remove_avatar() -> Profile:
    """Show no picture; a performer's stays until staff approves"""
    return accounts().avatars.remove(current_principal(), if_match())


@blp.post("/me/email/resend")
@signed_in
@blp.problem(409, "`email_verified` already, `no_email`")
@blp.problem(429, "`too_many_requests`; `budget_spent` until tomorrow")
@blp.response(202)
def resend_verification() -> None:
    """Mail the token that confirms the own address again; the one before is good no more"""
    accounts().registration.resend(current_principal())


@blp.post("/me/email")
@signed_in
@recent
@blp.problem(409, "`email_taken`, `same_address`")
@blp.problem(429, "`too_many_requests`; `budget_spent` until tomorrow")
@blp.arguments(schemas.NewEmail)
@blp.response(202)
def change_email(data: dict[str, Any]) -> None:
    """Mail a token to a new address; `POST /user/email/verify`, signed in, makes it the own one"""
    accounts().contacts.ask_email(current_principal(), data["email"])


@blp.post("/me/phone")
@signed_in
@recent
@limit("3/minute", key=caller_key)
@limit("3/minute", key=phone_key)
@blp.problem(409, "`phone_taken`, `same_address`")
@blp.problem(429, "`too_many_requests`; `budget_spent` until tomorrow")
@blp.arguments(schemas.NewPhone)
@blp.response(202)
def change_phone(data: dict[str, Any]) -> None:
    """Text a code to a new number; `POST /user/me/phone/confirm` makes it the own one"""
    accounts().contacts.ask_phone(current_principal(), data["phone"], address())


@blp.post("/me/phone/confirm")
@signed_in
@recent
@limit("3/minute", key=phone_key)
@blp.problem(409, "`phone_taken` by somebody who confirmed it meanwhile")
@blp.arguments(schemas.NewPhoneProof)
@blp.response(204)
def confirm_phone(data: dict[str, Any]) -> None:
    """Make a number the own one with the code that was sent to it"""
    accounts().contacts.confirm_phone(current_principal(), data["phone"], data["code"])


@blp.delete("/me/phone")
@signed_in
@recent
@blp.problem(409, "`no_phone`")
@blp.response(204)
def remove_phone() -> None:
    """Forget the own number"""
    accounts().contacts.remove_phone(current_principal())


@blp.post("/me/totp")
@verified
@recent
@blp.problem(409, "`totp_enabled` already")
@blp.response(201, schemas.NewFactor)
def begin_totp() -> NewFactor:
    """A secret for an authenticator app; it counts once it is confirmed"""
    return accounts().factors.begin(current_principal())


@blp.post("/me/totp/confirm")
@verified
@blp.problem(409, "`totp_enabled` already, `totp_not_enabled`: begin first")
@blp.problem(429, "`too_many_requests`, `too_many_tries`")
@blp.arguments(schemas.FactorCode)
@blp.response(200, schemas.RecoveryCodes)
def confirm_totp(data: dict[str, Any]) -> RecoveryCodes:
    """Switch the second factor on; the recovery codes are shown this once, and all other sessions end"""
    return accounts().factors.confirm(current_principal(), data["code"])


@blp.post("/me/totp/recovery-codes")
@signed_in
@recent
@blp.problem(409, "`totp_not_enabled`")
@blp.response(200, schemas.RecoveryCodes)
def renew_recovery_codes() -> RecoveryCodes:
    """New recovery codes in the place of all earlier ones"""
    return accounts().factors.renew_recovery_codes(current_principal())


@blp.delete("/me/totp")
@signed_in
@recent
@blp.problem(409, "`totp_not_enabled`")
@blp.response(204)
def remove_totp() -> None:
    """Switch the second factor off; staff cannot, where it must have one"""
    accounts().factors.remove(current_principal())
