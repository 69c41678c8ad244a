"""The rules of reviews (contract, section 6)."""

from datetime import timedelta
from enum import StrEnum

CACHE_TOPIC = "reviews"
WINDOW = timedelta(days=14)
MIN_REVIEWS = 3
"""No average is shown under so many."""
BATCH = 500
"""How many reviews one job publishes; a full batch calls for another job at once."""
RECOUNT_BATCH = 5_000
"""How many performers one job recounts; the next job goes on behind the last of them."""


class Visibility(StrEnum):
    """What staff decides on a review."""

    HIDDEN = "hidden"
    VISIBLE = "visible"


class Direction(StrEnum):
    """Whom a review is of."""

    OF_PERFORMER = "of_performer"
    OF_CUSTOMER = "of_customer"


def shown_average(count: int, total: int) -> float | None:
    """The mean of `count` ratings that add up to `total`, to two digits; None under MIN_REVIEWS."""
    return None if count < MIN_REVIEWS else round(total / count, 2)
