"""What goes in and out of accounts."""

from marketplace.blueprints.accounts.policies import CodePurpose, ExportStatus, Role
from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.pending import PendingChange
from marketplace.web.schema import PatchSchema, Schema


class SignUp(Schema):
    username = fields.Username(required=True)
    email = fields.Email(required=True)
    password = fields.Password(required=True)
    first_name = fields.Str(required=True, min=1, max=100)
    last_name = fields.Str(required=True, min=1, max=100)
    phone = fields.Phone()
    locale = fields.Locale()
    timezone = fields.TimeZone()


class NewAdmin(Schema):
    username = fields.Username(required=True)
    email = fields.Email(required=True)
    password = fields.Password(required=True)


class Login(Schema):
    login = fields.Str(required=True, min=1, max=254, metadata={"description": "Username, e-mail or phone"})
    password = fields.Password(required=True)
    code = fields.Str(
        min=6,
        max=32,
        metadata={"description": "Of the second factor, or a recovery code; needed after `code_required`"},
    )


class Refresh(Schema):
    refresh_token = fields.Str(required=True, min=1, max=255)


class EmailToken(Schema):
    token = fields.Str(required=True, min=1, max=255)


class Session(Schema):
    id = fields.Id(required=True)
    device = fields.Str(required=True, min=0, max=255, metadata={"description": "User-Agent of the log-in"})
    ip = fields.Str(required=True, min=0, max=64)
    created_at = fields.DateTime(required=True)
    last_seen_at = fields.DateTime(required=True, metadata={"description": "Last log-in or refresh"})
    expires_at = fields.DateTime(required=True)
    current = fields.Bool(required=True)


class CodeRequest(Schema):
    phone = fields.Phone(required=True)
    purpose = fields.Enum(CodePurpose, required=True)


class CodeSent(Schema):
    expires_in = fields.Int(required=True, metadata={"description": "Seconds that the code is good for"})


class CodeProof(CodeRequest):
    code = fields.Str(required=True, pattern="[0-9]{6}", min=6, max=6)
    totp = fields.Str(
        min=6, max=32, metadata={"description": "Of the second factor; for `sign_in` after `code_required`"}
    )


class CodeProven(Schema):
    access_token = fields.Str(max=2048, metadata={"description": "`sign_in`, with the three after it"})
    refresh_token = fields.Str(max=255)
    token_type = fields.Str(max=10)
    expires_in = fields.Int(metadata={"description": "Seconds"})
    verified = fields.Bool(metadata={"description": "`verify_phone`"})
    reset_token = fields.Str(
        max=255, metadata={"description": "`reset_password`: for `/user/password/reset`"}
    )


class ForgottenPassword(Schema):
    email = fields.Email(required=True)


class PasswordReset(EmailToken):
    password = fields.Password(required=True)


class PasswordChange(Schema):
    current_password = fields.Password(required=True)
    new_password = fields.Password(required=True)


class NewEmail(Schema):
    email = fields.Email(required=True)


class NewPhone(Schema):
    phone = fields.Phone(required=True)


class NewPhoneProof(NewPhone):
    code = fields.Str(required=True, pattern="[0-9]{6}", min=6, max=6)


class NewFactor(Schema):
    secret = fields.Str(required=True, max=64, metadata={"description": "Base32, to be typed in"})
    uri = fields.Str(
        required=True, max=512, metadata={"description": "`otpauth://`, to be shown as a QR code"}
    )


class Export(Schema):
    id = fields.Id(required=True)
    status = fields.Enum(ExportStatus, required=True)
    created_at = fields.DateTime(required=True)
    ready_at = fields.DateTime(required=True, allow_none=True)
    expires_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When the archive is removed"}
    )
    url = fields.Str(
        required=True,
        allow_none=True,
        max=1024,
        metadata={"description": "Where a ready one can be fetched for 15 minutes; ask again for another"},
    )


class ExportLink(Schema):
    token = fields.Str(required=True, max=512)


class Restore(EmailToken):
    code = fields.Str(
        min=6, max=32, metadata={"description": "Of the second factor; needed after `code_required`"}
    )


class FactorCode(Schema):
    code = fields.Str(required=True, pattern="[0-9]{6}", min=6, max=6)


class RecoveryCodes(Schema):
    recovery_codes = fields.List(fields.Str(max=32), required=True)


class UserQuery(PageQuery):
    q = fields.Search()
    role = fields.Enum(Role)
    is_staff = fields.Bool()
    is_active = fields.Bool()
    is_deleted = fields.Bool()


class BlockReason(Schema):
    reason = fields.Str(required=True, min=1, max=1000)


class Roles(Schema):
    roles = fields.List(fields.Enum(Role), required=True, max=2, unique=True)


class Acting(Schema):
    access_token = fields.Str(required=True, max=2048)
    token_type = fields.Str(required=True, max=10)
    expires_in = fields.Int(required=True, metadata={"description": "Seconds; there is no refresh token"})
    user_id = fields.Id(required=True)


class Tokens(Schema):
    access_token = fields.Str(required=True, max=2048)
    refresh_token = fields.Str(required=True, max=255)
    token_type = fields.Str(required=True, max=10)
    expires_in = fields.Int(required=True, metadata={"description": "Seconds"})


class User(Schema):
    id = fields.Id(required=True)
    username = fields.Str(required=True, max=50)
    email = fields.Str(
        required=True,
        allow_none=True,
        max=254,
        metadata={"description": "Null when it was never confirmed, and somebody confirmed the phone"},
    )
    email_verified = fields.Bool(required=True)
    phone = fields.Str(required=True, allow_none=True, max=20)
    phone_verified = fields.Bool(required=True)
    first_name = fields.Str(required=True, max=100)
    last_name = fields.Str(required=True, min=0, max=100)
    avatar_url = fields.Str(required=True, allow_none=True, max=2048, dump_default=None)
    locale = fields.Str(required=True, max=35)
    timezone = fields.Str(required=True, max=64)
    is_staff = fields.Bool(required=True)
    is_active = fields.Bool(required=True)
    date_joined = fields.DateTime(required=True)
    performer_id = fields.Id(required=True, allow_none=True)


class StaffUser(User):
    roles = fields.List(fields.Enum(Role), required=True)
    second_factor = fields.Bool(required=True)
    blocked_reason = fields.Str(required=True, allow_none=True, max=1000)
    blocked_at = fields.DateTime(required=True, allow_none=True)
    deleted_at = fields.DateTime(required=True, allow_none=True)


class OwnProfile(User):
    pending_changes = fields.List(fields.Nested(PendingChange), required=True)


class SignedUp(Schema):
    user = fields.Nested(User, required=True)
    tokens = fields.Nested(Tokens, required=True)


class AvatarFile(Schema):
    file = fields.Upload(required=True, metadata={"description": "JPEG, PNG or WebP, at most 25 megapixels"})


class ProfilePatch(PatchSchema):
    first_name = fields.Str(min=1, max=100)
    last_name = fields.Str(min=1, max=100)
    locale = fields.Locale()
    timezone = fields.TimeZone()
