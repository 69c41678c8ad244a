"""The blueprint that the route modules of this domain fill, and how long their public answers hold."""

from marketplace.blueprints.catalog.public import LISTINGS_TOPIC
from marketplace.web.blueprint import VersionedBlueprint

CACHE_TOPIC = LISTINGS_TOPIC
LIST_SECONDS = 30
PROFILE_SECONDS = 300
"""Here, where a profile falls with each change."""
PROFILE_CLIENT_SECONDS = 60
"""At clients and proxies, which do not hear of changes."""
FACETS_SECONDS = 60
"""Counting everybody takes a fraction of a second, so changes do not drop these answers."""

blp = VersionedBlueprint("performers", description="Professionals: search, profiles, schedules, certificates")
