"""How each field of a user's own profile is edited."""

from marketplace.kernel.changes import Attribute, FieldStrategy

SUBJECT = "user"

MODERATED_FIELDS: dict[str, FieldStrategy] = {
    "first_name": Attribute("first_name"),
    "last_name": Attribute("last_name"),
}
"""Staff approves these once the user is a performer."""

FREE_FIELDS: dict[str, FieldStrategy] = {
    "locale": Attribute("locale"),
    "timezone": Attribute("timezone"),
}
