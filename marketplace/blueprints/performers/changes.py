"""Strategies for editing the fields of a performer's own profile."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marketplace.blueprints.performers.errors import CategoryGone
from marketplace.blueprints.performers.ports import PerformerRepository
from marketplace.kernel.changes import Attribute, FieldStore, FieldStrategy, ModeratedField
from marketplace.kernel.errors import AppError
from marketplace.kernel.texts import Text

SUBJECT = "performer"
USER_SUBJECT = "user"
"""The name that accounts uses for edits of the name and avatar, which the profile shows."""

FREE_FIELDS: Mapping[str, FieldStrategy] = {
    "timezone": Attribute("timezone"),
    "languages": Attribute("languages"),
    "experience_years": Attribute("experience_years"),
    "city_id": Attribute("city_id"),
}
"""These apply at once."""


class Categories(ModeratedField):
    """The categories of a performer, as their ids in ascending order."""

    def __init__(self, performers: Callable[[], PerformerRepository]) -> None:
        self._performers = performers

    def read(self, subject: Any) -> list[int]:
        """The ids of the present categories."""
        found: list[int] = subject.category_ids
        return found

    def write(self, _store: FieldStore, values: Mapping[int, Any], /) -> Mapping[int, AppError]:
        """Replace the links of many performers. Gives CategoryGone for those with a category that is no
        longer offered.
        """
        wanted = sorted({category_id for ids in values.values() for category_id in ids})
        offered = {category.id for category in self._performers().lock_active_categories(wanted)}
        gone: dict[int, AppError] = {}
        for performer_id, ids in values.items():
            missing = sorted(set(ids) - offered)
            if missing:
                gone[performer_id] = CategoryGone(
                    Text("No longer offered: {ids}", ids=", ".join(map(str, missing)))
                )
        links = {performer_id: ids for performer_id, ids in values.items() if performer_id not in gone}
        self._performers().replace_categories(links)
        return gone

    def show(self, values: Sequence[Any], language: str) -> Sequence[Any]:
        """The categories with their names, deleted ones as bare ids; in one query."""
        named = self._performers().category_names({one for ids in values for one in ids or ()}, language)
        return [[{"id": one, "name": named.get(one)} for one in ids or ()] for ids in values]


def moderated_fields(performers: Callable[[], PerformerRepository]) -> dict[str, ModeratedField]:
    """The fields whose edits staff must approve."""
    return {
        "headline": Attribute("headline"),
        "about": Attribute("about"),
        "address": Attribute("address"),
        "category_ids": Categories(performers),
    }
