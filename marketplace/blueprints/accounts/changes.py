"""How each field of a user's own profile is edited."""

from typing import Any

from marketplace.kernel.changes import Attribute, FieldStrategy
from marketplace.kernel.media import media_key, media_url

SUBJECT = "user"


class Avatar:
    """The avatar: staff and users see its address, the account keeps the key of the file."""

    def read(self, subject: Any) -> Any:
        """The address, None without one."""
        return media_url(subject.avatar_key)

    def apply(self, subject: Any, value: Any) -> None:
        """Set the file by its address."""
        subject.avatar_key = media_key(value)


MODERATED_FIELDS: dict[str, FieldStrategy] = {
    "first_name": Attribute("first_name"),
    "last_name": Attribute("last_name"),
    "avatar": Avatar(),
}
"""Staff approves these once the user is a performer."""

FREE_FIELDS: dict[str, FieldStrategy] = {
    "locale": Attribute("locale"),
    "timezone": Attribute("timezone"),
}
