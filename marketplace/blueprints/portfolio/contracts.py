"""Events of portfolios, and the interfaces that they give to other domains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True)
class PortfolioPicture:
    """A picture of a performer's work, `width` and `height` in pixels; `thumbnail_url` is missing until the
    thumbnail is made.
    """

    id: int
    url: str
    thumbnail_url: str | None
    width: int
    height: int
    caption: str


@dataclass(frozen=True, kw_only=True)
class PerformerPortfolioChanged(DomainEvent):
    """A picture was added, changed, moved or removed."""

    name: ClassVar[str] = "performer.portfolio_changed"
    performer_id: int


class PortfolioShelf(Protocol):
    """Public reads of portfolios."""

    def list_public(self, performer_id: int) -> Sequence[PortfolioPicture]:
        """The pictures as everybody may see them, in the performer's order. The performer must be public."""
        ...
