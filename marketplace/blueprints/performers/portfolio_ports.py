"""What the portfolio needs from outside, and what it hands on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from marketplace.blueprints.performers.ports import PortfolioPicture


@dataclass(frozen=True)
class StoredPicture:
    """A picture that is in the storage, and in no portfolio yet."""

    key: str
    width: int
    height: int
    caption: str


@dataclass(frozen=True)
class OwnPicture(PortfolioPicture):
    """A picture as its performer sees it."""

    created_at: datetime
    version: int


class StoredFile(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def changed_at(self) -> datetime: ...


class FileStore(Protocol):
    """Keeps files; reaches the network."""

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Raises StorageFull, Unavailable."""
        ...

    def get(self, key: str) -> bytes | None:
        """None when there is none. Raises Unavailable."""
        ...

    def delete(self, key: str) -> None:
        """Raises Unavailable."""
        ...

    def list_files(self, prefix: str) -> Iterator[StoredFile]: ...


class Pictures(Protocol):
    """Checks what strangers send as a picture, and encodes it anew."""

    def look(self, source: BinaryIO) -> int:
        """How much work it is, in pixels; nothing is decoded. Raises an Invalid."""
        ...

    def encode(self, source: BinaryIO, side: int, owner: int | None = None) -> bytes:
        """A WebP that fits into a square of `side` pixels; `owner` sent it. Raises an Invalid,
        TooManyRequests, Unavailable.
        """
        ...

    def size_of(self, content: bytes) -> tuple[int, int]:
        """Width and height of what `encode` made."""
        ...


class Links(Protocol):
    """Signed links to files that not everybody may see."""

    def link(self, kind: str, row_id: int, right: str) -> str: ...


class PortfolioRepository(Protocol):
    def lock(self, performer_id: int) -> None:
        """Until the transaction ends nobody else changes which pictures there are, and in what order.

        Raises NotFound for one whose account is deleted.
        """
        ...

    def count(self, performer_id: int) -> int: ...

    def add(self, performer_id: int, picture: StoredPicture, at: datetime) -> int:
        """Put a picture at the end; returns its id."""
        ...

    def list_own(self, performer_id: int) -> list[OwnPicture]:
        """In their order."""
        ...

    def get_own(self, performer_id: int, image_id: int) -> OwnPicture:
        """Raises NotFound."""
        ...

    def set_caption(self, performer_id: int, image_id: int, caption: str, expected: int | None) -> bool:
        """False when there is none at version `expected`."""
        ...

    def remove(self, performer_id: int, image_id: int, expected: int | None) -> str | None:
        """The key of the picture that is gone; None when there was none at version `expected`."""
        ...

    def reorder(self, performer_id: int, ids: Sequence[int]) -> None:
        """Give the pictures this order, in one UPDATE."""
        ...

    def is_shown(self, key: str) -> bool:
        """Whether a picture or thumbnail is of a performer whom staff have approved and who has not left."""
        ...

    def find_keys(self, image_id: int) -> tuple[str, str | None] | None:
        """The keys of a picture and of its thumbnail; None when the picture is gone."""
        ...

    def find_key(self, image_id: int) -> str | None:
        """None when the picture is gone."""
        ...

    def set_thumbnail(self, image_id: int, key: str) -> int | None:
        """The performer's id; None when the picture is gone."""
        ...

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that a picture or a thumbnail has."""
        ...
