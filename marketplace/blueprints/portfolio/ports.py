"""Interfaces that the services of portfolios need, and the views that they return."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.blueprints.portfolio.contracts import PortfolioPicture


@dataclass(frozen=True)
class StoredPicture:
    """A picture that is stored, and not in a portfolio yet."""

    key: str
    width: int
    height: int
    caption: str


@dataclass(frozen=True)
class OwnPicture(PortfolioPicture):
    """A picture as its performer sees it."""

    created_at: datetime
    version: int


class PortfolioRepository(Protocol):
    def lock(self, performer_id: int) -> None:
        """Until the transaction ends, nobody else adds, removes or reorders pictures.

        Raises NotFound for a performer whose account is deleted.
        """
        ...

    def count(self, performer_id: int) -> int:
        """How many pictures there are."""
        ...

    def add(self, performer_id: int, picture: StoredPicture, at: datetime) -> int:
        """Put a picture at the end; returns its id."""
        ...

    def list_own(self, performer_id: int) -> list[OwnPicture]:
        """A performer's pictures, in their order."""
        ...

    def get_own(self, performer_id: int, image_id: int) -> OwnPicture:
        """Raises NotFound."""
        ...

    def set_caption(self, performer_id: int, image_id: int, caption: str, expected: int | None) -> bool:
        """Set a caption; False when there is no picture at version `expected`."""
        ...

    def remove(self, performer_id: int, image_id: int, expected: int | None) -> str | None:
        """Remove a picture and return its key; None when there is none at version `expected`."""
        ...

    def reorder(self, performer_id: int, ids: Sequence[int]) -> None:
        """Give the pictures this order, in one UPDATE."""
        ...

    def is_shown(self, key: str) -> bool:
        """Whether a picture or thumbnail belongs to a performer who is approved and has not left."""
        ...

    def find_keys(self, image_id: int) -> tuple[str, str | None] | None:
        """The keys of a picture and of its thumbnail; None when the picture is gone."""
        ...

    def find_key(self, image_id: int) -> str | None:
        """The key of a picture; None when the picture is gone."""
        ...

    def set_thumbnail(self, image_id: int, key: str) -> int | None:
        """Set the thumbnail and return the performer's id; None when the picture is gone."""
        ...

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that a picture or a thumbnail refers to."""
        ...

    def forget(self, user_id: int) -> list[str]:
        """Remove all pictures of a user; returns their keys."""
        ...
