"""Public routes of the catalog."""

from typing import Any

from marketplace.blueprints.catalog import schemas
from marketplace.blueprints.catalog.ports.categories import CategoryNode
from marketplace.blueprints.catalog.ports.cities import CitySearch, CityView
from marketplace.blueprints.catalog.wiring import catalog
from marketplace.kernel.pages import Page
from marketplace.web.access import public
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.caching.responses import cached
from marketplace.web.language import preferred_language
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "catalog",
    description="What services are about and where they are: the tree of categories, a search for cities.",
    rank=20,
)


@blp.get("/categories")
@public
@cached("categories", seconds=300, client_seconds=60, by_language=True)
@blp.arguments(schemas.CategoryQuery, location="query")
@blp.response(200, schemas.CategoryTree)
def list_categories(query: dict[str, Any]) -> dict[str, Any]:
    """List the categories

    Gives you the whole tree at once, as it is to be shown: each level is in order, the names are in the
    language that you ask for (in English where there is no other), and hidden categories are left out with
    all below them. With `city_id`, only categories with performers in that city are there, and those above
    them.
    """
    return {"items": catalog().browsing.category_tree(preferred_language(), query.get("city_id"))}


@blp.get("/categories/<string:slug>", path={"slug": "The `slug` of a category, today's or a former one"})
@public
@cached("categories", seconds=300, client_seconds=60, by_language=True)
@blp.response(200, schemas.CategoryNode)
def get_category(slug: str) -> CategoryNode:
    """Get a category

    One category with all below it. A slug that the category had before, or that a category merged into it
    had, leads to it too: compare `slug` of the answer, and correct the address that you show.
    """
    return catalog().browsing.get_category(slug, preferred_language())


@blp.get("/cities")
@public
@cached("cities", seconds=300)
@blp.arguments(schemas.CityQuery, location="query")
@blp.paged(schemas.City)
def list_cities(query: dict[str, Any]) -> Page[CityView]:
    """Search for cities

    With `q`, you get the cities that have it in one of their names, in any language: first where it is the
    whole name, then where the name begins with it, then the others; if there are none, cities with a
    similar name, for typing errors. Among equals the nearest to `near` comes first, or else the largest.
    Without `q`, the nearest or the largest come first.
    """
    page, filters = split_page(query)
    return catalog().city_rows.search(page, CitySearch(**filters))
