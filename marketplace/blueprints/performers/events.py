"""What happens to performers."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class PerformerApplied(DomainEvent):
    """A user asked to become a performer; the profile waits for staff."""

    name: ClassVar[str] = "performer.applied"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerApproved(DomainEvent):
    """Staff let a performer in, or in again."""

    name: ClassVar[str] = "performer.approved"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerReopened(DomainEvent):
    """Staff took a decision back: the performer waits for another one."""

    name: ClassVar[str] = "performer.reopened"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerRejected(DomainEvent):
    """Staff refused an application."""

    name: ClassVar[str] = "performer.rejected"
    performer_id: int
    user_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class PerformerSuspended(DomainEvent):
    """Staff took an approved performer off the market."""

    name: ClassVar[str] = "performer.suspended"
    performer_id: int
    user_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class PerformerPaused(DomainEvent):
    """A performer stopped taking work for a while."""

    name: ClassVar[str] = "performer.paused"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerResumed(DomainEvent):
    """A performer takes work again."""

    name: ClassVar[str] = "performer.resumed"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerProfileChanged(DomainEvent):
    """What others see of a performer, or the performer's own settings, changed."""

    name: ClassVar[str] = "performer.profile_changed"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerVerified(DomainEvent):
    """Staff vouch for a performer."""

    name: ClassVar[str] = "performer.verified"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerUnverified(DomainEvent):
    """A performer's last valid certificate is gone; `cause` is `expired`, `removed` or `revoked`."""

    name: ClassVar[str] = "performer.unverified"
    performer_id: int
    user_id: int
    cause: str


@dataclass(frozen=True, kw_only=True)
class PerformerPortfolioChanged(DomainEvent):
    """A picture came, changed, moved or went."""

    name: ClassVar[str] = "performer.portfolio_changed"
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerFiguresChanged(DomainEvent):
    """How reliably a performer answers and finishes is another figure now."""

    name: ClassVar[str] = "performer.figures_changed"
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerScheduleChanged(DomainEvent):
    """A performer works at other times, or is on vacation on other days."""

    name: ClassVar[str] = "performer.schedule_changed"
    performer_id: int
