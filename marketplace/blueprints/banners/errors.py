"""Errors of banners."""

from marketplace.kernel.errors import Invalid


class InvalidBanner(Invalid):
    """The values of the banner do not fit each other, or refer to something that is not there."""

    code = "invalid_banner"
    title = "The banner cannot be shown like this"
    remedy = "Correct the fields that errors names."


class InvalidPeriod(Invalid):
    """The period of a banner's figures ends before it begins, or is too long."""

    code = "invalid_period"
    title = "The days must be in order, and not too many"
    remedy = "Send a first and a last day in this order, and at most as many days as errors says."
