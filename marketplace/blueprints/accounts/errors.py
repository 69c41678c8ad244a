"""Errors of accounts."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid, TooManyRequests, Unauthenticated


class InvalidCredentials(Unauthenticated):
    """The login is unknown, or the password is not its password; which one is not told."""

    code = "invalid_credentials"
    title = "The login or the password is wrong"
    remedy = "Let the user check both and try again, or reset the password at POST /user/password/forgot."


class CodeRequired(Unauthenticated):
    """The password is right, and the account has a second factor whose code did not come along."""

    code = "code_required"
    title = "This account has a second factor; send its code too"
    remedy = (
        "Ask the user for the code of the authenticator app, or for a recovery code, and send it as `code` "
        "with the same log-in."
    )


class InvalidCode(Unauthenticated):
    """The code that signs in by phone, or the code of the second factor, is wrong, used or expired."""

    code = "invalid_code"
    title = "The code is wrong, used or expired; ask for a new one"
    remedy = "Ask the user to type the newest code, or send a new one at POST /user/otp/send."


class LogInNeeded(Unauthenticated):
    """The code or token confirms an address of an account that is its owner's already, so that only somebody
    who is logged in to that account may confirm it.
    """

    code = "log_in_needed"
    title = "This address is confirmed by who is logged in to the account"
    remedy = "Log in to the account, and send the code or token again with that access token."


class WrongCode(Invalid):
    """The code that confirms an address or a second factor is wrong, used or expired."""

    code = "wrong_code"
    title = "The code is wrong, used or expired; ask for a new one"
    remedy = "Ask the user to type the newest code, or to have a new one sent."


class TooManyTries(TooManyRequests):
    """Somebody tried too many wrong passwords or codes for this account within a short time."""

    code = "too_many_tries"
    title = "Too many tries for this account; wait, or prove who you are in another way"
    remedy = (
        "Wait as long as Retry-After says, or let the user log in by another way, such as a code sent to the "
        "phone."
    )


class BudgetSpent(TooManyRequests):
    """The messages that may be sent in a day to this phone, from this address or to this country are used
    up.
    """

    code = "budget_spent"
    title = "No more messages can be sent today"
    remedy = (
        "Tell the user to use the last code that arrived, to log in in another way, or to try again tomorrow."
    )


class PicturesSpent(TooManyRequests):
    """The caller has sent as many pictures as one day allows."""

    code = "pictures_spent"
    title = "You have sent as many pictures as one day allows"
    remedy = "Try again as soon as Retry-After says; until then change texts without pictures."


class TotpEnabled(Conflict):
    """The account has a second factor already, and another one is to be set up or confirmed."""

    code = "totp_enabled"
    title = "There is a second factor already; remove it first"
    remedy = "Remove the one that is there at DELETE /user/me/totp, then set up the new one."


class TotpNotEnabled(Conflict):
    """The call concerns the second factor of the account, and there is none."""

    code = "totp_not_enabled"
    title = "There is no second factor"
    remedy = "Begin with POST /user/me/totp."


class StaffKeepsFactor(Forbidden):
    """A member of staff wants to remove the second factor, which staff must have."""

    code = "second_factor_needed"
    title = "Staff needs a second factor and cannot remove it"
    remedy = "Keep the second factor. To move it to another device, ask the operator to reset it."


class EmailVerified(Conflict):
    """A mail for confirming an address is asked for, and the address is confirmed already."""

    code = "email_verified"
    title = "This e-mail address is confirmed already"
    remedy = "Nothing is left to do: go on as a confirmed user."


class SameAddress(Conflict):
    """The new e-mail address or phone number is the one that the account has."""

    code = "same_address"
    title = "This is your address already"
    remedy = "Send another one, or leave it as it is."


class NoEmail(Conflict):
    """The call concerns the account's e-mail address, and the account has none."""

    code = "no_email"
    title = "There is no e-mail address"
    remedy = "Add an e-mail address to the account first."


class NoPhone(Conflict):
    """The call concerns the account's phone number, and the account has none."""

    code = "no_phone"
    title = "There is no phone number"
    remedy = "Add a phone number to the account first."


class WrongPassword(Invalid):
    """The change is confirmed by the current password, and what was sent is not it."""

    code = "wrong_password"
    title = "The current password is wrong"
    remedy = "Ask the user for the current password again, or reset it at POST /user/password/forgot."


class LastAdmin(Conflict):
    """The last admin would lose the role or the account, so that nobody could give roles any more."""

    code = "last_admin"
    title = "This is the last admin; make another one first"
    remedy = "Give another user the role admin first, then repeat the request."


class NotOnSelf(Forbidden):
    """A member of staff uses a right of staff on the own account."""

    code = "not_on_self"
    title = "Another member of staff has to do this to your account"
    remedy = "Ask another member of staff to do it."


class NotOnStaff(Forbidden):
    """A moderator acts on a member of staff, or an admin wants to act as one."""

    code = "not_on_staff"
    title = "Only an admin may do this to staff, and nobody acts as staff"
    remedy = "Ask an admin to do it; nobody can act as a member of staff."


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is unknown, expired, was used before, or its session has ended."""

    code = "invalid_refresh_token"
    title = "The refresh token is not valid; log in again"
    remedy = (
        "Forget the stored tokens and ask the user to log in. Use each refresh token once, and keep the new "
        "one of the answer."
    )


class AccountBlocked(Forbidden):
    """Staff has blocked the account that logs in."""

    code = "user_blocked"
    title = "This account is blocked"
    remedy = "Tell the user to ask the marketplace's support; trying again cannot help."


class UsernameTaken(Conflict):
    """Another account has this username, perhaps in other upper and lower case."""

    code = "username_taken"
    title = "This username is taken"
    remedy = "Ask the user for another username."


class EmailTaken(Conflict):
    """Another account has confirmed this e-mail address."""

    code = "email_taken"
    title = "There is an account with this e-mail address"
    remedy = "Let the user log in to that account, reset its password, or use another address."


class PhoneTaken(Conflict):
    """Another account has confirmed this phone number."""

    code = "phone_taken"
    title = "There is an account with this phone number"
    remedy = "Let the user log in to that account by phone, or use another number."


class WeakPassword(Invalid):
    """The new password is too short, misses a kind of character, or is one of the common ones."""

    code = "weak_password"
    title = "The password does not keep the rule"
    remedy = (
        "Show the reasons in errors: 8 to 128 characters with a lower-case and an upper-case letter, a digit "
        "and a special character."
    )


class InvalidToken(Invalid):
    """The token from the mail is wrong, used or expired."""

    code = "invalid_token"
    title = "The token is wrong, used or expired; ask for a new one"
    remedy = "Let the user open the newest mail, or ask for a new one."


CONSTRAINTS = {
    "uq_user_username": UsernameTaken,
    "uq_user_email_confirmed": EmailTaken,
    "uq_user_phone_confirmed": PhoneTaken,
}
