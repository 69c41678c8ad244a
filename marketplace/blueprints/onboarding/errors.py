"""Errors of onboarding."""

from marketplace.kernel.errors import Invalid


class PicturesTooLarge(Invalid):
    """The pictures of one request have more pixels together than can be processed safely."""

    code = "pictures_too_large"
    title = "The pictures of one request may have at most 75 million pixels together"
    remedy = "Make the pictures smaller, or send some of them later, one by one."
