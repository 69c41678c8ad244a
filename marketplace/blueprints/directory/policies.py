"""The rules of the public lists: the depth of paging, and how long answers are cached."""

from marketplace.kernel.errors import Invalid
from marketplace.kernel.texts import Text

MAX_NUMBERED_ROWS = 1_000
"""The limit of rows that `?page=` can reach."""

CACHE_TOPIC = "performers"
"""The topic of cached answers that show performers or their services."""
LIST_SECONDS = 30
PROFILE_SECONDS = 300
"""Seconds in the server's cache, which drops a profile at each change."""
PROFILE_CLIENT_SECONDS = 60
"""Seconds in the caches of clients and proxies, which do not hear of changes."""
FACETS_SECONDS = 60
"""Seconds. Counting everybody takes a fraction of a second, so changes do not drop these answers."""


def offset_of(number: int, limit: int) -> int:
    """The number of rows before page `number` (from 1), which old clients ask for. Raises Invalid after row
    1,000.
    """
    if number * limit > MAX_NUMBERED_ROWS:
        why = Text("Numbered pages end at row {limit:,}: use cursors.", limit=MAX_NUMBERED_ROWS)
        raise Invalid(errors={"query": {"page": [why]}})
    return (number - 1) * limit
