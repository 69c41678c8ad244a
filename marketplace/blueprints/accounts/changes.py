"""Strategies for editing the fields of a user's own profile."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marketplace.kernel.changes import Attribute, FieldStore, FieldStrategy, ModeratedField
from marketplace.kernel.errors import AppError
from marketplace.kernel.media import media_key, media_url

SUBJECT = "user"


class Avatar(FieldStrategy, ModeratedField):
    """The avatar: the account stores the key of the file, and a change stores its future address. The address
    of a waiting or refused avatar opens nothing: staff and the owner see it by the address that `link` makes
    of the key, which opens the file for a while, for anybody who has the address.
    """

    def __init__(self, link: Callable[[str], str]) -> None:
        self._link = link

    def read(self, subject: Any) -> Any:
        """The address; None without an avatar."""
        return media_url(subject.avatar_key)

    def apply(self, subject: Any, value: Any) -> None:
        subject.avatar_key = media_key(value)

    def write(self, store: FieldStore, values: Mapping[int, Any]) -> Mapping[int, AppError]:
        store.set_each("avatar_key", {user_id: media_key(value) for user_id, value in values.items()})
        return {}

    def show(self, values: Sequence[Any], _language: str, /) -> Sequence[Any]:
        """Give links, whether or not the pictures are public."""
        keys = [media_key(value) for value in values]
        return [None if key is None else self._link(key) for key in keys]


def moderated_fields(link: Callable[[str], str]) -> Mapping[str, Attribute | Avatar]:
    """The fields whose edits staff must approve once the user is a performer."""
    return {
        "first_name": Attribute("first_name"),
        "last_name": Attribute("last_name"),
        "avatar": Avatar(link),
    }


FREE_FIELDS: Mapping[str, FieldStrategy] = {
    "locale": Attribute("locale"),
    "timezone": Attribute("timezone"),
}
