"""The blueprint that the route modules of this domain fill."""

from marketplace.web.blueprint import VersionedBlueprint

blp = VersionedBlueprint(
    "directory",
    description="Finding the right performer: search with suggestions and counts, public profiles, your"
    " favourites.",
    rank=30,
)
