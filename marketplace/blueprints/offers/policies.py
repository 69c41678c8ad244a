"""The rules of services that need no database."""

from enum import StrEnum

from marketplace.blueprints.offers.contracts import Pricing

MAX_SERVICES = 500
"""The limit of services per performer that are not deleted."""


class Visibility(StrEnum):
    """The visibility that staff gives to a service."""

    VISIBLE = "visible"
    HIDDEN = "hidden"


def is_priced(pricing: str, price: object) -> bool:
    """Whether a service of this pricing may have this price; only a quote has none."""
    return price is not None or pricing == Pricing.QUOTE
