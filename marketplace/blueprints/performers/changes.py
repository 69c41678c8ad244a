"""How each field of a performer's own profile is edited."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.blueprints.performers.errors import CategoryGone
from marketplace.blueprints.performers.ports import PerformerRepository
from marketplace.kernel.changes import Attribute, FieldStore, FieldStrategy, ModeratedField
from marketplace.kernel.errors import AppError

SUBJECT = "performer"
USER_SUBJECT = "user"
"""What accounts calls edits of the name and avatar, which the profile shows."""

FREE_FIELDS: Mapping[str, FieldStrategy] = {
    "timezone": Attribute("timezone"),
    "languages": Attribute("languages"),
    "experience_years": Attribute("experience_years"),
    "city_id": Attribute("city_id"),
}
"""These apply at once."""


class Categories:
    """The categories of a performer, as their ids in rising order."""

    def __init__(self, performers: PerformerRepository) -> None:
        self._performers = performers

    def read(self, subject: Any) -> list[int]:
        """The ids of the present categories."""
        found: list[int] = subject.category_ids
        return found

    def write(self, _store: FieldStore, values: Mapping[int, Any], /) -> Mapping[int, AppError]:
        """Replace the links of many; CategoryGone for those with a category that is offered no more."""
        wanted = sorted({category_id for ids in values.values() for category_id in ids})
        offered = {category.id for category in self._performers.lock_active_categories(wanted)}
        gone: dict[int, AppError] = {}
        for performer_id, ids in values.items():
            missing = sorted(set(ids) - offered)
            if missing:
                gone[performer_id] = CategoryGone(f"No longer offered: {', '.join(map(str, missing))}")
        links = {performer_id: ids for performer_id, ids in values.items() if performer_id not in gone}
        self._performers.replace_categories(links)
        return gone

    def show(self, values: Sequence[Any], language: str) -> Sequence[Any]:
        """The categories with their names, deleted ones as bare ids; in one query."""
        named = self._performers.category_names({one for ids in values for one in ids or ()}, language)
        return [[{"id": one, "name": named.get(one)} for one in ids or ()] for ids in values]


def moderated_fields(performers: PerformerRepository) -> dict[str, ModeratedField]:
    """Staff approves these."""
    return {
        "headline": Attribute("headline"),
        "about": Attribute("about"),
        "address": Attribute("address"),
        "category_ids": Categories(performers),
    }
