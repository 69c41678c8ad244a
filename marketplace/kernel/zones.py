"""Time zones, from the pinned table alone: the system's table may be of another year.

Importing this module configures `zoneinfo` so for the whole process. PostgreSQL computes days and hours from
a zone with its own table, which matches the stored data; readiness compares the two tables.
"""

import zoneinfo
from functools import lru_cache

zoneinfo.reset_tzpath(())


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names of the IANA zones, links included."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "posixrules", "Factory"})


def zone(name: str) -> zoneinfo.ZoneInfo:
    """The zone of this name. Raises zoneinfo.ZoneInfoNotFoundError."""
    return zoneinfo.ZoneInfo(name)
