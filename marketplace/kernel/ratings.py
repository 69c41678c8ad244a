"""Averages of ratings, rounded as they are shown (contract, section 6)."""

ASPECTS = ("quality", "punctuality", "communication")
"""What customers may rate apart; figures by aspect are stored in this order."""
MIN_REVIEWS = 3
"""No average is shown for fewer reviews."""


def shown_average(count: int, total: int) -> float | None:
    """The mean of `count` ratings that add up to `total`, to two digits; None under MIN_REVIEWS."""
    return None if count < MIN_REVIEWS else round(total / count, 2)
