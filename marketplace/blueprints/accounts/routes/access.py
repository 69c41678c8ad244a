"""Routes for access: sign-up, log-in, codes, forgotten passwords."""

from collections.abc import Mapping
from typing import Any

from marketplace.blueprints.accounts import schemas
from marketplace.blueprints.accounts.policies import CODE_LIFE, CodePurpose
from marketplace.blueprints.accounts.routes.blueprint import (
    address,
    blp,
    device,
    let_in,
    own_session,
    phone_key,
)
from marketplace.blueprints.accounts.services.codes import ResetToken, Verified
from marketplace.blueprints.accounts.services.registration import SignedUp
from marketplace.blueprints.accounts.services.sessions import Tokens
from marketplace.blueprints.accounts.wiring import accounts
from marketplace.web.access import current_principal, public, signed_in
from marketplace.web.idempotency import idempotent_after
from marketplace.web.limits.markers import limit


def _hashed(data: dict[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The body without the password, and the hash of the password."""
    password = data.pop("password")
    return data, accounts().registration.hashed(password, data["username"])


@blp.post("/sign-up")
@public
@limit("3/minute")
@blp.problems("username_taken", "email_taken", "phone_taken", "weak_password", "unknown_value")
@blp.arguments(schemas.SignUp)
@idempotent_after(_hashed)
@blp.response(201, schemas.SignedUp)
def sign_up(new: tuple[Mapping[str, Any], str]) -> SignedUp:
    """Create an account and sign it in

    The account works at once: the answer holds the user and the first pair of tokens. A mail with a token
    goes to the address; until `POST /user/email/verify` has confirmed it, calls that need a confirmed user
    answer `not_verified`. An address that is still unconfirmed after 30 days is removed from the account.

    The password has 8 to 128 characters, among them a lower-case letter, an upper-case letter, a digit and
    a special character, and is not easy to guess; `weak_password` tells in `errors` what is missing.
    `email_taken` and `phone_taken` mean that another account has confirmed that address.
    """
    values, password_hash = new
    signed_up = accounts().registration.sign_up(values, password_hash, device())
    let_in(signed_up.tokens)
    return signed_up


@blp.post("/login")
@public
@limit("5/minute")
@blp.problems("invalid_credentials", "code_required", "invalid_code", "user_blocked", "too_many_tries")
@blp.arguments(schemas.LoginIn)
@blp.response(200, schemas.Tokens)
def login(data: dict[str, Any]) -> Tokens:
    """Log in with a password

    `login` is the username, the e-mail address or the phone number. Where the account has a second factor,
    the call answers `code_required`: ask the user for the code of the authenticator app, or for a recovery
    code, and send the same body again with `code`.

    An unknown login and a wrong password both answer `invalid_credentials`, so that nobody learns who has
    an account. After too many wrong tries the account answers `too_many_tries` for a while, even to the
    right password.
    """
    return let_in(accounts().login.login(data["login"], data["password"], device(), data.get("code")))


@blp.post("/token/refresh")
@public
@blp.problems("invalid_refresh_token")
@blp.arguments(schemas.Refresh)
@blp.response(200, schemas.Tokens)
def refresh_token(data: dict[str, Any]) -> Tokens:
    """Refresh an access token

    You get a new access token and a new refresh token. Store both: a refresh token works once. If a used
    one comes again, somebody may have stolen it, so the whole session ends; only within 10 seconds does a
    second use give the same pair again, for two tabs that refresh at once. `invalid_refresh_token` means
    that the user has to log in again. A session lasts 180 days at most, however often it is refreshed.
    """
    return let_in(accounts().sessions.refresh(data["refresh_token"]))


@blp.post("/logout")
@signed_in
@blp.response(204)
def logout() -> None:
    """Log out

    The session of the access token ends at once, and its refresh token with it; its sockets get
    `session:revoked` and are closed. Other devices stay signed in.
    """
    accounts().sessions.logout(current_principal())


@blp.post("/email/verify")
@public
@blp.problems("invalid_token", "log_in_needed", "email_taken")
@blp.arguments(schemas.EmailToken)
@blp.response(204)
def verify_email(data: dict[str, Any]) -> None:
    """Confirm an e-mail address

    The token comes from the mail of the sign-up, or from the mail of `POST /user/me/email`, and is good for
    72 hours. Send the user's access token along if you have one: without it, a phone number that is not
    confirmed yet is removed from the account. `log_in_needed` means that only a signed-in user may do this:
    a new address always needs the access token of its account.
    """
    accounts().contacts.verify_email(data["token"], own_session())


@blp.post("/otp/send")
@public
@limit("3/minute", key=phone_key)
@blp.problems("budget_spent")
@blp.arguments(schemas.CodeRequest)
@blp.response(202, schemas.CodeSent)
def send_code(data: dict[str, Any]) -> dict[str, int]:
    """Send a one-time code to a phone

    A text message with six digits goes to the number, which must belong to an account; `POST
    /user/otp/verify` takes them with the same `purpose`. The answer is the same for a number that nobody
    has, so that nobody learns who has an account. A new code replaces an earlier one. `budget_spent` means
    that the messages of the day to this number, or from your address, are used up.
    """
    accounts().codes.send(data["phone"], CodePurpose(data["purpose"]), address())
    return {"expires_in": int(CODE_LIFE.total_seconds())}


@blp.post("/otp/verify")
@public
@limit("3/minute", key=phone_key)
@blp.problems(
    "invalid_code", "code_required", "log_in_needed", "user_blocked", "phone_taken", "too_many_tries"
)
@blp.arguments(schemas.CodeProof)
@blp.response(200, schemas.CodeProven)
def verify_code(data: dict[str, Any]) -> Tokens | Verified | ResetToken:
    """Verify a one-time code

    What you get depends on `purpose`:

    * `sign_in` signs the user in: you get tokens, as from a log-in. Where the account has a second factor,
      the call answers `code_required`: send the same body again with `totp`.
    * `verify_phone` confirms the number: you get `verified`.
    * `reset_password` gives you a `reset_token` for `POST /user/password/reset`, good for 10 minutes.

    Send the user's access token along if you have one. Without it, the first address that is ever confirmed
    takes the account over: the password, the sessions and the other address from before are removed,
    because a stranger may have set them. `log_in_needed` means that the account has another confirmed
    address, so that only a signed-in user may confirm this number. A code allows five tries.
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
@blp.problems("budget_spent")
@blp.arguments(schemas.ForgottenPassword)
@blp.response(202)
def forgot_password(data: dict[str, Any]) -> None:
    """Ask for a mail to reset the password

    A token goes to the address if there is such an account; `POST /user/password/reset` takes it within one
    hour. The answer is the same for an unknown address. `budget_spent` means that this address has had its
    mails for today.
    """
    accounts().passwords.forgot(data["email"], address())


@blp.post("/password/reset")
@public
@limit("5/minute")
@blp.problems("invalid_token", "weak_password")
@blp.arguments(schemas.PasswordReset)
@blp.response(204)
def reset_password(data: dict[str, Any]) -> None:
    """Reset the password with a token

    The token comes from the mail of `POST /user/password/forgot`, or from `POST /user/otp/verify`. All
    sessions end, so let the user log in with the new password next; a mail tells the user of the change.
    `weak_password` does not use up the token, `invalid_token` means that it is wrong, used or expired.
    """
    accounts().passwords.reset(data["token"], data["password"])
