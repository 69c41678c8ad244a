"""Events of banners."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class BannerChanged(DomainEvent):
    """Staff created, edited or deleted a banner."""

    name: ClassVar[str] = "banner.changed"
    banner_id: int
