"""What can go wrong with the catalog, by stable code."""

from marketplace.kernel.errors import AppError, Conflict, Forbidden, Invalid


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "There is a category with this slug"


class CategoryInUse(Conflict):
    code = "category_in_use"
    title = "Something refers to this category; merge it into another one, or deactivate it"


class SiblingsChanged(Conflict):
    code = "siblings_changed"
    title = "These are not all the categories of this level; read them again"


class CityExists(Conflict):
    code = "city_exists"
    title = "There is a city with this id"


class CityInUse(Conflict):
    code = "city_in_use"
    title = "Something refers to this city; deactivate it instead"


class TooManyServices(Conflict):
    code = "too_many_services"
    title = "A performer cannot offer more services than this; delete one first"


class OwnService(Forbidden):
    code = "own_service"
    title = "Another member of staff decides on your own services"


class AlreadyHidden(Conflict):
    code = "already_hidden"
    title = "The service is hidden already"


class NotHidden(Conflict):
    code = "not_hidden"
    title = "The service is not hidden"


class InvalidService(Invalid):
    code = "invalid_service"
    title = "The service cannot be offered like this"


class InvalidCategory(Invalid):
    code = "invalid_category"
    title = "The category cannot stand there in the tree"


class InvalidBanner(Invalid):
    code = "invalid_banner"
    title = "The banner cannot be shown like this"


class InvalidPeriod(Invalid):
    code = "invalid_period"
    title = "The days must be in order, and not too many"


CONSTRAINTS: dict[str, type[AppError]] = {
    "uq_category_slug": SlugTaken,
    "pk_city": CityExists,
}
