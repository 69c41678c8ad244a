"""What can go wrong with accounts, by stable code."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid, Unauthenticated


class InvalidCredentials(Unauthenticated):
    code = "invalid_credentials"
    title = "The login or the password is wrong"


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
    "uq_user_email": EmailTaken,
    "uq_user_phone": PhoneTaken,
}
