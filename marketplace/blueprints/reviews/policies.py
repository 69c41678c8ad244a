"""The rules of reviews (contract, section 6)."""

from datetime import timedelta
from enum import StrEnum

CACHE_TOPIC = "reviews"
WINDOW = timedelta(days=14)
BATCH = 500
"""The number of reviews that one job publishes; a full batch adds another job at once."""
RECOUNT_BATCH = 5_000
"""The number of performers that one job recounts; the next job continues after the last of them."""


PHOTO_FOLDER = "reviews"
PHOTO_KIND = "review_photo"
MAX_PHOTOS = 5
MAX_PHOTO_PIXELS = 75_000_000
"""The limit for all photos of one review together: six photographs of a phone."""


class PhotoSize(StrEnum):
    """What a link opens."""

    WHOLE = "whole"
    THUMBNAIL = "thumbnail"


class Reader(StrEnum):
    """Whom a link was made for: a party of the order, or staff, which sees hidden reviews too."""

    PARTY = "party"
    STAFF = "staff"


def photo_right(reader: Reader, size: PhotoSize) -> str:
    """The right of a link to a photo."""
    return f"{reader}.{size}"


def right_of(right: str) -> tuple[Reader, PhotoSize]:
    """The parts of what `photo_right` gave."""
    reader, _, size = right.partition(".")
    return Reader(reader), PhotoSize(size)


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
