"""The blueprint that the route modules of this domain fill, and how long their public answers hold."""

from marketplace.blueprints.catalog.public import LISTINGS_TOPIC
from marketplace.web.blueprint import VersionedBlueprint

CACHE_TOPIC = LISTINGS_TOPIC
LIST_SECONDS = 30
PROFILE_SECONDS = 60
FACETS_SECONDS = 60
"""Counting everybody takes a fraction of a second, so changes do not drop these answers."""

blp = VersionedBlueprint("performers", description="Professionals: search, profiles, schedules, certificates")
