"""How each field of a user's own profile is edited."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marketplace.kernel.changes import Attribute, FieldStore, FieldStrategy
from marketplace.kernel.errors import AppError
from marketplace.kernel.media import media_key, media_url

SUBJECT = "user"


Link = Callable[[str], str]
"""An address that opens the file of a key for whoever is given it, for a while."""


class Avatar:
    """The avatar: the account keeps the key of the file, and a change the address that it will have. One that
    waits or was refused has none that opens: staff and its owner are shown it by a link of `link`.
    """

    def __init__(self, link: Link | None = None) -> None:
        self._link = link

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
        """By links, whether everybody may see them or not."""
        if self._link is None:
            return values
        keys = [media_key(value) for value in values]
        return [None if key is None else self._link(key) for key in keys]


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
