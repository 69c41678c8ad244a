"""How each field of a performer's own profile is edited."""

from collections.abc import Mapping
from typing import Any

from marketplace.blueprints.performers.errors import CategoryGone
from marketplace.blueprints.performers.ports import PerformerRepository
from marketplace.kernel.changes import Attribute, FieldStrategy

SUBJECT = "performer"

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
        return sorted(category.id for category in subject.categories)

    def apply(self, subject: Any, value: Any) -> None:
        """Replace the links. Raises CategoryGone when a category is offered no more."""
        found = self._performers.find_active_categories(value)
        if len(found) != len(value):
            missing = sorted(set(value) - {category.id for category in found})
            raise CategoryGone(f"No longer offered: {', '.join(map(str, missing))}")
        subject.categories = found
        # Links are rows of their own, and would leave the version as it was.
        self._performers.touch(subject)


def moderated_fields(performers: PerformerRepository) -> dict[str, FieldStrategy]:
    """Staff approves these."""
    return {
        "headline": Attribute("headline"),
        "about": Attribute("about"),
        "address": Attribute("address"),
        "category_ids": Categories(performers),
    }
