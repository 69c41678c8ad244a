"""Errors of the catalog."""

from marketplace.kernel.errors import AppError, Conflict, Invalid


class SlugTaken(Conflict):
    """Another category has this slug, or had it before."""

    code = "slug_taken"
    title = "There is a category with this slug"
    remedy = "Choose another slug."


class CategoryInUse(Conflict):
    """The category is to be deleted, and services, performers or categories refer to it."""

    code = "category_in_use"
    title = "Something refers to this category; merge it into another one, or deactivate it"
    remedy = "Merge it into another category, or set is_active to false."


class SiblingsChanged(Conflict):
    """The new order does not name each category of its level exactly once, as happens when somebody has
    added or moved one.
    """

    code = "siblings_changed"
    title = "These are not all the categories of this level; read them again"
    remedy = "Read the categories again, and send the ids of the whole level."


class CityExists(Conflict):
    """The new city has an id that another one has."""

    code = "city_exists"
    title = "There is a city with this id"
    remedy = "Send another id, or edit the city that is there."


class CityInUse(Conflict):
    """The city is to be deleted, and performers, orders or banners refer to it."""

    code = "city_in_use"
    title = "Something refers to this city; deactivate it instead"
    remedy = "Set is_active to false instead: it is not offered any more, and what refers to it stays."


class InvalidCategory(Invalid):
    """The category cannot be moved or merged to that place of the tree, as below itself or too deep."""

    code = "invalid_category"
    title = "The category cannot stand there in the tree"
    remedy = "Choose another place; errors says why this one is refused."


CONSTRAINTS: dict[str, type[AppError]] = {
    "uq_category_slug": SlugTaken,
    "pk_city": CityExists,
}
