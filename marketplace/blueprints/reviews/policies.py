"""The rules of reviews (contract, section 6)."""

from datetime import timedelta
from enum import StrEnum

WINDOW = timedelta(days=14)
MIN_REVIEWS = 3
"""No average is shown under so many."""


class Direction(StrEnum):
    """Whom a review is of."""

    OF_PERFORMER = "of_performer"
    OF_CUSTOMER = "of_customer"


def shown_average(count: int, total: int) -> float | None:
    """The mean of `count` ratings that add up to `total`, to two digits; None under MIN_REVIEWS."""
    return None if count < MIN_REVIEWS else round(total / count, 2)
