"""What can go wrong with accounts, by stable code."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid, TooManyRequests, Unauthenticated


class InvalidCredentials(Unauthenticated):
    code = "invalid_credentials"
    title = "The login or the password is wrong"


class CodeRequired(Unauthenticated):
    code = "code_required"
    title = "This account has a second factor; send its code too"


class InvalidCode(Unauthenticated):
    code = "invalid_code"
    title = "The code is wrong, used or expired; ask for a new one"


class LogInNeeded(Unauthenticated):
    code = "log_in_needed"
    title = "This address is confirmed by who is logged in to the account"


class WrongCode(Invalid):
    code = "wrong_code"
    title = "The code is wrong, used or expired; ask for a new one"


class TooManyTries(TooManyRequests):
    code = "too_many_tries"
    title = "Too many tries for this account; wait, or prove who you are in another way"


class BudgetSpent(TooManyRequests):
    code = "budget_spent"
    title = "No more messages can be sent today"


class PicturesSpent(TooManyRequests):
    code = "pictures_spent"
    title = "You have sent as many pictures as one day allows"


class TotpEnabled(Conflict):
    code = "totp_enabled"
    title = "There is a second factor already; remove it first"


class TotpNotEnabled(Conflict):
    code = "totp_not_enabled"
    title = "There is no second factor"


class StaffKeepsFactor(Forbidden):
    code = "second_factor_needed"
    title = "Staff needs a second factor and cannot remove it"


class EmailVerified(Conflict):
    code = "email_verified"
    title = "This e-mail address is confirmed already"


class SameAddress(Conflict):
    code = "same_address"
    title = "This is your address already"


class NoEmail(Conflict):
    code = "no_email"
    title = "There is no e-mail address"


class NoPhone(Conflict):
    code = "no_phone"
    title = "There is no phone number"


class WrongPassword(Invalid):
    code = "wrong_password"
    title = "The current password is wrong"


class LastAdmin(Conflict):
    code = "last_admin"
    title = "This is the last admin; make another one first"


class NotOnSelf(Forbidden):
    code = "not_on_self"
    title = "Another member of staff has to do this to your account"


class NotOnStaff(Forbidden):
    code = "not_on_staff"
    title = "Only an admin may do this to staff, and nobody acts as staff"


class InvalidRefreshToken(Unauthenticated):
    code = "invalid_refresh_token"
    title = "The refresh token is not valid; log in again"


class UserBlocked(Forbidden):
    code = "user_blocked"
    title = "This account is blocked"


class UsernameTaken(Conflict):
    code = "username_taken"
    title = "This username is taken"


class EmailTaken(Conflict):
    code = "email_taken"
    title = "There is an account with this e-mail address"


class PhoneTaken(Conflict):
    code = "phone_taken"
    title = "There is an account with this phone number"


class WeakPassword(Invalid):
    code = "weak_password"
    title = "The password does not keep the rule"


class InvalidToken(Invalid):
    code = "invalid_token"
    title = "The token is wrong, used or expired; ask for a new one"


CONSTRAINTS = {
    "uq_user_username": UsernameTaken,
    "uq_user_email_confirmed": EmailTaken,
    "uq_user_phone_confirmed": PhoneTaken,
}
