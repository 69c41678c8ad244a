"""The time zones, from the pinned table alone: what the system has may be of another year.

Importing this module tells `zoneinfo` so, for the whole process. What days and hours follow from a zone is
reckoned by PostgreSQL, whose own table knows what lies in the database; readiness compares the two.
"""

import zoneinfo
from functools import lru_cache

zoneinfo.reset_tzpath(())


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names of IANA's zones, links included."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "posixrules", "Factory"})


def zone(name: str) -> zoneinfo.ZoneInfo:
    """Raises zoneinfo.ZoneInfoNotFoundError."""
    return zoneinfo.ZoneInfo(name)
