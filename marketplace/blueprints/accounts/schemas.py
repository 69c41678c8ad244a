"""Schemas of accounts."""

from marketplace.blueprints.accounts.policies import CodePurpose, StaffRole
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import PatchSchema, Schema
from marketplace.web.pagination import PageQuery
from marketplace.web.pending import PendingChange


class SignUp(Schema):
    """Who signs up."""

    username = fields.Username(
        required=True,
        description="The name to log in with, unique whatever the case; 3 to 50 letters, digits, `.`, `_`"
        " or `-`",
        example="nora.lee",
    )
    email = fields.Email(
        required=True, description="Where the mail with the confirming token goes", example="nora@example.org"
    )
    password = fields.Password(
        required=True,
        description="A new password: 8 to 128 characters with a lower-case letter, an upper-case letter,"
        " a digit and a special character, not easy to guess",
    )
    first_name = fields.Str(
        required=True, min=1, max=100, description="The first name, which other users see"
    )
    last_name = fields.Str(
        required=True, min=1, max=100, description="The last name; other users see its first letter"
    )
    phone = fields.Phone(
        description="A number that can take text messages, with `+` and the country code; `POST"
        " /user/otp/send` confirms it"
    )
    locale = fields.Locale(description="The language of mails and text messages (BCP 47); `en` if left out")
    timezone = fields.TimeZone(description="The time zone of the user (IANA); `UTC` if left out")


class NewAdmin(Schema):
    """The first admin, as the command line makes one."""

    username = fields.Username(required=True, description="The name to log in with")
    email = fields.Email(required=True, description="The e-mail address, which counts as confirmed")
    password = fields.Password(
        required=True,
        description="A new password: 8 to 128 characters with a lower-case letter, an upper-case letter,"
        " a digit and a special character, not easy to guess",
    )


class LoginIn(Schema):
    """What proves who logs in."""

    login = fields.Str(
        required=True,
        min=1,
        max=254,
        description="Username, e-mail address or phone number",
        example="nora.lee",
    )
    password = fields.Password(required=True, description="The password")
    code = fields.Str(
        min=6,
        max=32,
        description="The code of the second factor, or a recovery code; needed after `code_required`",
    )


class Refresh(Schema):
    """The refresh token of a session."""

    refresh_token = fields.Str(
        required=True, min=1, max=255, description="The newest refresh token; it works once"
    )


class EmailToken(Schema):
    """A token that was sent to the user."""

    token = fields.Str(required=True, min=1, max=255, description="The token as it was sent; it works once")


class Session(Schema):
    """A device where the user is signed in."""

    id = fields.Id(required=True)
    device = fields.Str(
        required=True,
        min=0,
        max=255,
        description="The User-Agent of the log-in, empty if there was none",
        example="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    )
    ip = fields.Str(
        required=True, min=0, max=64, description="The network address of the log-in", example="203.0.113.7"
    )
    created_at = fields.DateTime(required=True)
    last_seen_at = fields.DateTime(required=True, description="The last log-in or refresh")
    expires_at = fields.DateTime(required=True, description="When it ends unless it is refreshed before")
    current = fields.Bool(required=True, description="Whether it is the session that asks")


class CodeRequest(Schema):
    """A phone, and what its code is for."""

    phone = fields.Phone(
        required=True, description="The number that gets the code, with `+` and the country code"
    )
    purpose = fields.Enum(CodePurpose, required=True, description="What the code is for")


class CodeSent(Schema):
    """How long the code can be used; told whether or not one was sent."""

    expires_in = fields.Int(required=True, description="Seconds until the code expires")


class CodeProof(CodeRequest):
    """A one-time code with the phone that it was sent to."""

    code = fields.Str(
        required=True, pattern="[0-9]{6}", min=6, max=6, description="The six digits of the text message"
    )
    totp = fields.Str(
        min=6,
        max=32,
        description="The code of the second factor, or a recovery code; for `sign_in` after `code_required`",
    )


class CodeProven(Schema):
    """What the code has proven: tokens, a confirmed number or a reset token, by its purpose."""

    access_token = fields.Str(max=2048, description="For `sign_in`: the bearer token of requests")
    refresh_token = fields.Str(max=255, description="For `sign_in`: gives the next pair of tokens, once")
    token_type = fields.Str(max=10, description="For `sign_in`: always `Bearer`")
    expires_in = fields.Int(description="For `sign_in`: seconds until the access token expires")
    verified = fields.Bool(description="For `verify_phone`: always true")
    reset_token = fields.Str(
        max=255, description="For `reset_password`: the token for `POST /user/password/reset`"
    )


class ForgottenPassword(Schema):
    """The account whose password is forgotten."""

    email = fields.Email(required=True, description="The e-mail address of the account")


class PasswordReset(EmailToken):
    """A reset token with the new password."""

    password = fields.Password(
        required=True,
        description="A new password: 8 to 128 characters with a lower-case letter, an upper-case letter,"
        " a digit and a special character, not easy to guess",
    )


class PasswordChange(Schema):
    """The current password with the new one."""

    current_password = fields.Password(required=True, description="The password of today")
    new_password = fields.Password(
        required=True,
        description="A new password: 8 to 128 characters with a lower-case letter, an upper-case letter,"
        " a digit and a special character, not easy to guess",
    )


class NewEmail(Schema):
    """An e-mail address that is to become the user's."""

    email = fields.Email(required=True, description="The new address")


class NewPhone(Schema):
    """A phone number that is to become the user's."""

    phone = fields.Phone(required=True, description="The new number, with `+` and the country code")


class NewPhoneProof(NewPhone):
    """A new phone number with the code that was sent to it."""

    code = fields.Str(
        required=True, pattern="[0-9]{6}", min=6, max=6, description="The six digits of the text message"
    )


class NewFactor(Schema):
    """A secret for an authenticator app; it counts once it is confirmed."""

    secret = fields.Str(required=True, max=64, description="The secret in Base32, to be typed into the app")
    uri = fields.Str(required=True, max=512, description="The `otpauth://` address, to be shown as a QR code")


class Restore(EmailToken):
    """The token of a deletion, with the second factor where there is one."""

    code = fields.Str(
        min=6,
        max=32,
        description="The code of the second factor, or a recovery code; needed after `code_required`",
    )


class FactorCode(Schema):
    """A code of the authenticator app."""

    code = fields.Str(
        required=True, pattern="[0-9]{6}", min=6, max=6, description="The six digits that the app shows now"
    )


class NewRecoveryCodes(Schema):
    """New recovery codes, shown this once; earlier ones stop working."""

    recovery_codes = fields.List(
        fields.Str(max=32),
        required=True,
        description="Ten codes; each works once in the place of a code of the app",
    )


class UserQuery(PageQuery):
    """The users that the list is narrowed to."""

    q = fields.Search(
        description="Words that are all found in the names, the username, the e-mail address or the phone"
        " number"
    )
    role = fields.Enum(StaffRole, description="Only staff with this role")
    is_staff = fields.Bool(description="True: only staff; false: only others")
    is_active = fields.Bool(description="True: only users who are not blocked; false: only blocked ones")
    is_deleted = fields.Bool(description="True: only deleted accounts; false: only the others")


class BlockReason(Schema):
    """Why a user is blocked."""

    reason = fields.Str(
        required=True,
        min=1,
        max=1000,
        description="The reason, for the audit log and staff; the user does not see it",
    )


class StaffRoles(Schema):
    """The staff roles of a user."""

    roles = fields.List(
        fields.Enum(StaffRole),
        required=True,
        max=2,
        unique=True,
        description="All roles that the user is to have; empty for none",
    )


class Acting(Schema):
    """A token of an admin who acts as a user."""

    access_token = fields.Str(required=True, max=2048, description="The bearer token of requests as the user")
    token_type = fields.Str(required=True, max=10, description="Always `Bearer`")
    expires_in = fields.Int(
        required=True, description="Seconds until the token expires; there is no refresh token"
    )
    user_id = fields.Id(required=True, description="The user as whom the token acts")


class Tokens(Schema):
    """The tokens of a session."""

    access_token = fields.Str(
        required=True, max=2048, description="Send it as `Authorization: Bearer <access_token>`"
    )
    refresh_token = fields.Str(
        required=True, max=255, description="Gives the next pair at `POST /user/token/refresh`, once"
    )
    token_type = fields.Str(required=True, max=10, description="Always `Bearer`")
    expires_in = fields.Int(required=True, description="Seconds until the access token expires")


class User(Schema):
    """An account as its user sees it."""

    id = fields.Id(required=True)
    username = fields.Str(required=True, max=50, description="The name to log in with")
    email = fields.Str(
        required=True,
        allow_none=True,
        max=254,
        description="The e-mail address; null when it was never confirmed and was given up, for example"
        " because the phone was confirmed instead",
    )
    email_verified = fields.Bool(
        required=True, description="Whether the user has confirmed the e-mail address"
    )
    phone = fields.Str(
        required=True, allow_none=True, max=20, description="The phone number in E.164; null without one"
    )
    phone_verified = fields.Bool(required=True, description="Whether the user has confirmed the phone number")
    first_name = fields.Str(required=True, max=100, description="The first name, which other users see")
    last_name = fields.Str(
        required=True,
        min=0,
        max=100,
        description="The last name, of which other users see the first letter; may be empty",
    )
    avatar_url = fields.Str(
        required=True,
        allow_none=True,
        max=2048,
        dump_default=None,
        description="The path of the picture on this server; null without one",
    )
    locale = fields.Str(
        required=True, max=35, description="The language of mails and text messages (BCP 47)", example="en"
    )
    timezone = fields.Str(required=True, max=64, description="The time zone (IANA)", example="Europe/Berlin")
    is_staff = fields.Bool(required=True, description="Whether the user has a staff role")
    is_active = fields.Bool(required=True, description="False for a blocked user")
    date_joined = fields.DateTime(required=True, description="When the user signed up")
    performer_id = fields.Id(
        required=True, allow_none=True, description="The performer profile of this user; null without one"
    )


class StaffUser(User):
    """An account as staff sees it."""

    roles = fields.List(
        fields.Enum(StaffRole), required=True, description="The staff roles; empty for ordinary users"
    )
    second_factor = fields.Bool(required=True, description="Whether a log-in needs a second factor")
    blocked_reason = fields.Str(
        required=True,
        allow_none=True,
        max=1000,
        description="Why staff blocked the user; null for users who are not blocked",
    )
    blocked_at = fields.DateTime(
        required=True,
        allow_none=True,
        description="When staff blocked the user; null for users who are not blocked",
    )
    deleted_at = fields.DateTime(
        required=True, allow_none=True, description="When the user deleted the account; null for all others"
    )


class OwnProfile(User):
    """The user's own account, with the edits that wait for staff."""

    pending_changes = fields.List(
        fields.Nested(PendingChange),
        required=True,
        description="Edits of a performer that wait for staff, or for a revision; at most one for each field",
    )


class SignedUp(Schema):
    """The new account and its first session."""

    user = fields.Nested(User, required=True, description="The new account")
    tokens = fields.Nested(Tokens, required=True, description="The tokens of its first session")


class AvatarFile(Schema):
    """The picture to show."""

    file = fields.Upload(required=True, description="A JPEG, PNG or WebP file of at most 25 megapixels")


class ProfilePatch(PatchSchema):
    """The fields of the profile to change."""

    first_name = fields.Str(
        min=1, max=100, description="The first name, which other users see; a performer's waits for staff"
    )
    last_name = fields.Str(
        min=1,
        max=100,
        description="The last name; other users see its first letter; a performer's waits for staff",
    )
    locale = fields.Locale(description="The language of mails and text messages (BCP 47)")
    timezone = fields.TimeZone(description="The time zone (IANA)")
