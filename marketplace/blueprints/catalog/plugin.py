"""The plugin of the catalog: what it adds to the program and gives to other domains."""

from marketplace.blueprints.catalog.cli import commands
from marketplace.blueprints.catalog.contracts import (
    CategoriesReordered,
    CategoryChanged,
    CityChanged,
    ReferenceDataLoaded,
)
from marketplace.blueprints.catalog.errors import CONSTRAINTS
from marketplace.blueprints.catalog.routes import public, staff
from marketplace.blueprints.catalog.wiring import Catalog, build
from marketplace.plugins import Plugin
from marketplace.web.caching.topics import CacheDrop

PLUGIN = Plugin(
    name="catalog",
    requires=("moderation", "accounts"),
    blueprints=(public.blp, staff.blp),
    provides={Catalog: build},
    gives=(
        CacheDrop("categories", (CategoryChanged, CategoriesReordered, ReferenceDataLoaded)),
        CacheDrop("cities", (CityChanged, ReferenceDataLoaded)),
    ),
    commands=(commands,),
    constraints=CONSTRAINTS,
)
