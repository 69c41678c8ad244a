"""Routes for the own account: profile, addresses, password, second factor, sessions, deletion."""

from typing import Any

from marketplace.blueprints.accounts import schemas
from marketplace.blueprints.accounts.ports.people import SessionView
from marketplace.blueprints.accounts.routes.blueprint import address, blp, device, let_in, phone_key
from marketplace.blueprints.accounts.services.profile import Profile
from marketplace.blueprints.accounts.services.second_factor import NewFactor, RecoveryCodes
from marketplace.blueprints.accounts.services.sessions import Tokens
from marketplace.blueprints.accounts.wiring import accounts
from marketplace.kernel.pages import Page
from marketplace.web.access import (
    current_principal,
    personal,
    public,
    recent,
    signed_in,
    verified,
    while_acting,
)
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit
from marketplace.web.pagination import PageQuery, split_page


@blp.get("/me")
@signed_in
@blp.response(200, schemas.OwnProfile)
@tagged("user")
def get_me() -> Profile:
    """Get your profile

    Gives you the account with everything that only you see, and the edits that wait for staff. Keep the
    `ETag`: edits of the account send it as `If-Match`.
    """
    return accounts().profile.get(current_principal())


@blp.patch("/me")
@signed_in
@while_acting
@editable("user")
@blp.problems("unknown_value")
@blp.arguments(schemas.ProfilePatch)
@blp.response(200, schemas.OwnProfile)
@tagged("user")
def update_me(data: dict[str, Any]) -> Profile:
    """Update your profile

    Language and time zone change at once. So do names, until you are a performer: then a new name becomes a
    change request in `pending_changes`, staff approves it, and everybody sees the old one until then.
    Fields that you leave out, and values that are the same as before, change nothing.
    """
    return accounts().profile.update(current_principal(), data, if_match())


@blp.put("/me/avatar")
@signed_in
@editable("user")
@limit("20/hour", key=caller_key)
@blp.problems("not_a_picture", "picture_too_large", "pictures_at_once", "pictures_spent", "storage_full")
@blp.arguments(schemas.AvatarFile, location="form")
@blp.response(200, schemas.OwnProfile)
@tagged("user")
def set_avatar(data: dict[str, Any]) -> Profile:
    """Upload your avatar

    Send the picture as the part `file` of a multipart form. It is turned upright, stripped of its metadata
    and made 512 pixels at most on its longer side. A performer's picture becomes a change request, and the
    old one is shown until staff has approved it. `pictures_spent` means that you have sent as many pictures
    as one day allows.
    """
    return accounts().avatars.set(current_principal(), data["file"].stream, if_match())


@blp.delete("/me/avatar")
@signed_in
@editable("user")
@blp.response(200, schemas.OwnProfile)
@tagged("user")
def remove_avatar() -> Profile:
    """Remove your avatar

    The profile shows no picture any more. A performer's removal becomes a change request, and the picture
    stays until staff has approved it.
    """
    return accounts().avatars.remove(current_principal(), if_match())


@blp.post("/me/email/resend")
@signed_in
@blp.problems("email_verified", "no_email", "budget_spent")
@blp.response(202)
def resend_verification() -> None:
    """Send the confirmation mail again

    A mail with a new token goes to the address of your account; the token of the mail before stops working.
    `email_verified` means that there is nothing left to confirm.
    """
    accounts().registration.resend(current_principal())


@blp.post("/me/email")
@signed_in
@recent
@blp.problems("email_taken", "same_address", "budget_spent")
@blp.arguments(schemas.NewEmail)
@blp.response(202)
def change_email(data: dict[str, Any]) -> None:
    """Change your e-mail address

    A token goes to the new address, and nothing changes until `POST /user/email/verify` takes it, called
    with your access token, within 72 hours. Then the old address is told of the change. `email_taken` means
    that another account has confirmed the address.
    """
    accounts().contacts.ask_email(current_principal(), data["email"])


@blp.post("/me/phone")
@signed_in
@recent
@limit("3/minute", key=caller_key)
@limit("3/minute", key=phone_key)
@blp.problems("phone_taken", "same_address", "budget_spent")
@blp.arguments(schemas.NewPhone)
@blp.response(202)
def change_phone(data: dict[str, Any]) -> None:
    """Change your phone number

    A text message with six digits goes to the new number, and nothing changes until `POST
    /user/me/phone/confirm` takes them within 10 minutes. `phone_taken` means that another account has
    confirmed the number.
    """
    accounts().contacts.ask_phone(current_principal(), data["phone"], address())


@blp.post("/me/phone/confirm")
@signed_in
@recent
@limit("3/minute", key=phone_key)
@blp.problems("wrong_code", "phone_taken")
@blp.arguments(schemas.NewPhoneProof)
@blp.response(204)
def confirm_phone(data: dict[str, Any]) -> None:
    """Confirm your new phone number

    The number becomes yours, confirmed, in the place of the one before, and a mail tells you of the change.
    `wrong_code` means that the code is wrong, used or expired; after five tries ask for a new one at `POST
    /user/me/phone`.
    """
    accounts().contacts.confirm_phone(current_principal(), data["phone"], data["code"])


@blp.delete("/me/phone")
@signed_in
@recent
@blp.problems("no_phone")
@blp.response(204)
def remove_phone() -> None:
    """Remove your phone number

    You can no longer log in or reset the password by phone. A mail tells you of the change.
    """
    accounts().contacts.remove_phone(current_principal())


@blp.post("/password/change")
@signed_in
@limit("5/minute", key=caller_key)
@blp.problems("wrong_password", "weak_password", "too_many_tries")
@blp.arguments(schemas.PasswordChange)
@blp.response(204)
def change_password(data: dict[str, Any]) -> None:
    """Change your password

    All your other sessions end, and a mail tells you of the change. A wrong current password answers
    `wrong_password` and counts as a failed log-in, so that many of them lead to `too_many_tries`. The rules
    for the new one are those of the sign-up.
    """
    accounts().passwords.change(
        current_principal(), data["current_password"], data["new_password"], address()
    )


@blp.post("/me/totp")
@verified
@recent
@blp.problems("totp_enabled")
@blp.response(201, schemas.NewFactor)
def begin_totp() -> NewFactor:
    """Set up a second factor

    Gives you a secret for an authenticator app (TOTP, RFC 6238): show `uri` as a QR code, and `secret` for
    typing. Nothing changes until `POST /user/me/totp/confirm` has seen a code of it; a second call replaces
    a secret that was not confirmed.
    """
    return accounts().factors.begin(current_principal())


@blp.post("/me/totp/confirm")
@verified
@blp.problems("wrong_code", "totp_enabled", "totp_not_enabled", "too_many_tries")
@blp.arguments(schemas.FactorCode)
@blp.response(200, schemas.NewRecoveryCodes)
def confirm_totp(data: dict[str, Any]) -> RecoveryCodes:
    """Switch the second factor on

    From now on a log-in needs a code of the app. The answer holds ten recovery codes, each of which
    replaces one code of the app: let the user store them, they are never shown again. All your other
    sessions end, and a mail tells you of the change.
    """
    return accounts().factors.confirm(current_principal(), data["code"])


@blp.post("/me/totp/recovery-codes")
@signed_in
@recent
@blp.problems("totp_not_enabled")
@blp.response(200, schemas.NewRecoveryCodes)
def renew_recovery_codes() -> RecoveryCodes:
    """Renew your recovery codes

    You get ten new codes, and all earlier ones stop working. They are shown this once.
    """
    return accounts().factors.renew_recovery_codes(current_principal())


@blp.delete("/me/totp")
@signed_in
@recent
@blp.problems("totp_not_enabled", "second_factor_needed")
@blp.response(204)
def remove_totp() -> None:
    """Switch the second factor off

    From now on the password is enough for a log-in, and the recovery codes stop working. A mail tells you
    of the change. `second_factor_needed` means that you are a member of staff, who must keep it.
    """
    accounts().factors.remove(current_principal())


@blp.get("/sessions")
@signed_in
@personal
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Session)
def list_sessions(query: dict[str, Any]) -> Page[SessionView]:
    """List your sessions

    Shows each device where you are signed in, the newest session first; `current` marks the one that asks.
    Ended and expired sessions are left out.
    """
    page, _ = split_page(query)
    return accounts().sessions.list_own(current_principal(), page)


@blp.delete("/sessions/<int:session_id>")
@signed_in
@blp.response(204)
def end_session(session_id: int) -> None:
    """Log out one device

    The session and its tokens stop working at once. `not_found` means that you have no such session, or
    that it has ended already.
    """
    accounts().sessions.end_own(current_principal(), session_id)


@blp.delete("/sessions")
@signed_in
@blp.response(204)
def end_other_sessions() -> None:
    """Log out everywhere else

    All your sessions end, except the one that asks. Their tokens stop working at once.
    """
    accounts().sessions.end_others(current_principal())


@blp.delete("/me")
@signed_in
@recent
@limit("5/hour", key=caller_key)
@editable("user")
@blp.problems("order_open", "last_admin")
@blp.response(204)
def delete_me() -> None:
    """Delete your account

    The account and all it shows disappear at once, and every session ends. A token goes to your e-mail
    address, or to your phone if only that is confirmed: for 7 days `POST /user/restore` takes the deletion
    back with it, and after that your personal data is removed for good. `order_open` means that an order is
    still under way: finish or cancel it first.
    """
    accounts().deletion.delete(current_principal(), if_match())


@blp.post("/restore")
@public
@limit("5/minute")
@blp.problems("invalid_token", "code_required", "invalid_code", "user_blocked", "too_many_tries")
@blp.arguments(schemas.Restore)
@blp.response(200, schemas.Tokens)
def restore_account(data: dict[str, Any]) -> Tokens:
    """Restore a deleted account

    For 7 days, the token that was sent at the deletion takes it back and signs the user in. Everything is
    visible again, and a mail tells the user. Where the account has a second factor, the call answers
    `code_required`: send the token again with `code`. A refusal does not use up the token.
    """
    return let_in(accounts().deletion.restore(data["token"], device(), data.get("code")))
