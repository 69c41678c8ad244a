"""The blueprint that the route modules of this domain fill."""

from marketplace.web.blueprint import VersionedBlueprint

blp = VersionedBlueprint(
    "performers",
    description="Your own performer profile: what the public reads of you, and whether you take orders.",
    rank=45,
    staff={"performers": "Staff lets performers in, verifies them, and takes them off the market."},
)
