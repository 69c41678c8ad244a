"""How each field of a user's own profile is edited."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.kernel.changes import Attribute, FieldStore, FieldStrategy
from marketplace.kernel.errors import AppError
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

    def write(self, store: FieldStore, values: Mapping[int, Any]) -> Mapping[int, AppError]:
        """Set the files of many by their addresses."""
        store.set_each("avatar_key", {user_id: media_key(value) for user_id, value in values.items()})
        return {}

    def show(self, values: Sequence[Any], _language: str, /) -> Sequence[Any]:
        """They are addresses already."""
        return values


MODERATED_FIELDS: dict[str, Attribute | Avatar] = {
    "first_name": Attribute("first_name"),
    "last_name": Attribute("last_name"),
    "avatar": Avatar(),
}
"""Staff approves these once the user is a performer."""

FREE_FIELDS: dict[str, FieldStrategy] = {
    "locale": Attribute("locale"),
    "timezone": Attribute("timezone"),
}
