"""How people come in: sign-up, log-in, codes, forgotten passwords; and where they are signed in."""

from collections.abc import Mapping
from typing import Any

from marketplace.blueprints.accounts import schemas
from marketplace.blueprints.accounts.blueprint import address, blp, device, let_in, own_session, phone_key
from marketplace.blueprints.accounts.policies import CODE_LIFE, CodePurpose
from marketplace.blueprints.accounts.ports import SessionView
from marketplace.blueprints.accounts.services import ResetToken, SignedUp, Tokens, Verified
from marketplace.blueprints.accounts.wiring import accounts
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, personal, public, signed_in
from marketplace.web.idempotency import idempotent_after
from marketplace.web.limits import caller_key, limit
from marketplace.web.pagination import PageQuery, split_page


def _hashed(data: dict[str, Any]) -> Mapping[str, Any]:
    return accounts().registration.hashed(data)


@blp.post("/sign-up")
@public
@limit("3/minute")
@blp.problem(409, "`username_taken`, `email_taken`, `phone_taken`")
@blp.arguments(schemas.SignUp)
@idempotent_after(_hashed)
@blp.response(201, schemas.SignedUp)
def sign_up(data: Mapping[str, Any]) -> SignedUp:
    """Create an account and sign it in"""
    signed_up = accounts().registration.sign_up(data, device())
    let_in(signed_up.tokens)
    return signed_up


@blp.post("/login")
@public
@limit("5/minute")
@blp.problem(401, "`invalid_credentials`, `code_required`, `invalid_code`")
@blp.problem(403, "`user_blocked`")
@blp.problem(429, "`too_many_requests` by address; `too_many_tries` for this account")
@blp.arguments(schemas.Login)
@blp.response(200, schemas.Tokens)
def login(data: dict[str, Any]) -> Tokens:
    """Sign in by username, e-mail or phone; `code` is of the second factor, or a recovery code"""
    return let_in(accounts().login.login(data["login"], data["password"], device(), data.get("code")))


@blp.post("/token/refresh")
@public
@blp.arguments(schemas.Refresh)
@blp.response(200, schemas.Tokens)
def refresh_token(data: dict[str, Any]) -> Tokens:
    """Exchange a refresh token for the next pair; each works once"""
    return let_in(accounts().sessions.refresh(data["refresh_token"]))


@blp.post("/logout")
@signed_in
@blp.response(204)
def logout() -> None:
    """End this session"""
    accounts().sessions.logout(current_principal())


@blp.get("/sessions")
@signed_in
@personal
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Session)
def list_sessions(query: dict[str, Any]) -> Page[SessionView]:
    """Where one is signed in, newest first"""
    page, _ = split_page(query)
    return accounts().sessions.list_own(current_principal(), page)


@blp.delete("/sessions")
@signed_in
@blp.response(204)
def end_other_sessions() -> None:
    """Sign out everywhere but here"""
    accounts().sessions.end_others(current_principal())


@blp.delete("/sessions/<int:session_id>")
@signed_in
@blp.response(204)
def end_session(session_id: int) -> None:
    """Sign out one device"""
    accounts().sessions.end_own(current_principal(), session_id)


@blp.post("/otp/send")
@public
@limit("3/minute", key=phone_key)
@blp.problem(429, "`too_many_requests` by phone; `budget_spent` until tomorrow")
@blp.arguments(schemas.CodeRequest)
@blp.response(202, schemas.CodeSent)
def send_code(data: dict[str, Any]) -> dict[str, int]:
    """Send a one-time code to a phone; the answer is the same whether or not the phone is known"""
    accounts().codes.send(data["phone"], CodePurpose(data["purpose"]), address())
    return {"expires_in": int(CODE_LIFE.total_seconds())}


@blp.post("/otp/verify")
@public
@limit("3/minute", key=phone_key)
@blp.problem(
    401,
    "`invalid_code`; `code_required`: send `totp` too, the code of the second factor; `log_in_needed`: the"
    " account has another confirmed address, so its own session has to confirm this one",
)
@blp.problem(403, "`user_blocked`")
@blp.problem(409, "`phone_taken` by somebody who confirmed it")
@blp.problem(429, "`too_many_requests` by phone; `too_many_tries` of the second factor")
@blp.arguments(schemas.CodeProof)
@blp.response(200, schemas.CodeProven)
def verify_code(data: dict[str, Any]) -> Tokens | Verified | ResetToken:
    """Prove a one-time code: tokens (`sign_in`), `verified` (`verify_phone`) or `reset_token`

    The first address that is proven without the account's own access token takes the account over: password,
    sessions and the other address of before are gone.
    """
    codes, phone, code, caller = accounts().codes, data["phone"], data["code"], own_session()
    match CodePurpose(data["purpose"]):
        case CodePurpose.SIGN_IN:
            return let_in(codes.sign_in(phone, code, device(), caller, data.get("totp")))
        case CodePurpose.VERIFY_PHONE:
            return codes.verify_phone(phone, code, address(), caller)
        case CodePurpose.RESET_PASSWORD:
            return codes.reset_token(phone, code, address(), caller)


@blp.post("/password/forgot")
@public
@limit("5/minute")
@blp.problem(429, "`too_many_requests` by address; `budget_spent` until tomorrow")
@blp.arguments(schemas.ForgottenPassword)
@blp.response(202)
def forgot_password(data: dict[str, Any]) -> None:
    """Mail a token that sets a new password; the answer is the same for an unknown address"""
    accounts().passwords.forgot(data["email"], address())


@blp.post("/password/reset")
@public
@limit("5/minute")
@blp.arguments(schemas.PasswordReset)
@blp.response(204)
def reset_password(data: dict[str, Any]) -> None:
    """Set a new password with a token from a mail or `/otp/verify`; all sessions end"""
    accounts().passwords.reset(data["token"], data["password"])


@blp.post("/password/change")
@signed_in
@limit("5/minute", key=caller_key)
@blp.problem(429, "`too_many_requests`; `too_many_tries` for this account")
@blp.arguments(schemas.PasswordChange)
@blp.response(204)
def change_password(data: dict[str, Any]) -> None:
    """Set a new password; all other sessions end"""
    accounts().passwords.change(
        current_principal(), data["current_password"], data["new_password"], address()
    )


@blp.post("/email/verify")
@public
@blp.problem(
    401, "`log_in_needed`: a change of address, or a second address, wants the account's access token"
)
@blp.problem(409, "`email_taken` by somebody else who confirmed it meanwhile")
@blp.arguments(schemas.EmailToken)
@blp.response(204)
def verify_email(data: dict[str, Any]) -> None:
    """Confirm an e-mail address with the token that was sent to it

    Send the access token along where there is one: without, a phone number that is not confirmed is dropped.
    """
    accounts().contacts.verify_email(data["token"], own_session())
