"""The blueprint that the route modules of this domain fill."""

from marketplace.web.blueprint import VersionedBlueprint

blp = VersionedBlueprint(
    "availability",
    description="When performers work: weekly hours, exceptions and vacations; and the free slots that follow"
    " from them.",
    rank=60,
)
