"""What goes in and out of accounts."""

from marketplace.web import fields
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


class Refresh(Schema):
    refresh_token = fields.Str(required=True, min=1, max=255)


class EmailToken(Schema):
    token = fields.Str(required=True, min=1, max=255)


class Tokens(Schema):
    access_token = fields.Str(required=True, max=2048)
    refresh_token = fields.Str(required=True, max=255)
    token_type = fields.Str(required=True, max=10)
    expires_in = fields.Int(required=True, metadata={"description": "Seconds"})


class PendingChange(Schema):
    id = fields.Id(required=True)
    field_name = fields.Str(required=True, max=64)
    old_value = fields.Raw()
    new_value = fields.Raw()
    status = fields.Str(required=True, max=32)
    created_at = fields.DateTime(required=True)


class User(Schema):
    id = fields.Id(required=True)
    username = fields.Str(required=True, max=50)
    email = fields.Str(required=True, max=254)
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


class OwnProfile(User):
    pending_changes = fields.List(fields.Nested(PendingChange), required=True)


class SignedUp(Schema):
    user = fields.Nested(User, required=True)
    tokens = fields.Nested(Tokens, required=True)


class ProfilePatch(PatchSchema):
    first_name = fields.Str(min=1, max=100)
    last_name = fields.Str(min=1, max=100)
    locale = fields.Locale()
    timezone = fields.TimeZone()
