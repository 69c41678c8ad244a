"""What other domains may know of reviews."""

from marketplace.blueprints.reviews.events import (
    ReviewHidden,
    ReviewPublished,
    ReviewReplied,
    ReviewRestored,
    ReviewWritten,
)

__all__ = ["ReviewHidden", "ReviewPublished", "ReviewReplied", "ReviewRestored", "ReviewWritten"]
