"""The blueprint that the route modules of this domain fill."""

from marketplace.web.blueprint import VersionedBlueprint

blp = VersionedBlueprint("performers", description="Professionals: search, profiles, decisions of staff")
