"""The rules of reviews (contract, section 6)."""

from datetime import timedelta
from enum import StrEnum

CACHE_TOPIC = "reviews"
WINDOW = timedelta(days=14)
BATCH = 500
"""The number of reviews that one job publishes; a full batch adds another job at once."""
RECOUNT_BATCH = 5_000
"""The number of performers that one job recounts; the next job continues after the last of them."""


class Visibility(StrEnum):
    """The visibility that staff gives to a review."""

    HIDDEN = "hidden"
    VISIBLE = "visible"


class ReviewDirection(StrEnum):
    """Whom a review is about: the performer (`of_performer`, public) or the customer (`of_customer`, which
    only the parties of the order read).
    """

    OF_PERFORMER = "of_performer"
    OF_CUSTOMER = "of_customer"
