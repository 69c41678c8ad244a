"""Events and views of performers, and the interfaces that they give to other domains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal


@dataclass(frozen=True)
class StaffPerson:
    """A user as staff see one."""

    id: int
    username: str
    first_name: str
    last_name: str
    avatar_url: str | None
    is_active: bool


@dataclass(frozen=True)
class CityView:
    """The city where a performer works."""

    id: int
    name: str
    country_code: str


@dataclass(frozen=True)
class CategoryView:
    """A category with its name in the reader's language."""

    id: int
    slug: str
    name: str


@dataclass(frozen=True)
class FullProfile:
    """All columns of a performer, for the owner and for staff."""

    id: int
    user: StaffPerson
    status: str
    status_reason: str | None
    active: bool
    verified: bool
    headline: str
    about: str
    address: dict[str, Any]
    timezone: str
    city: CityView
    languages: list[str]
    experience_years: int | None
    rating_count: int
    created_at: datetime
    updated_at: datetime
    version: int
    categories: Sequence[CategoryView] = ()
    pending_changes: Sequence[object] = ()


@dataclass(frozen=True)
class PerformerRef:
    """A performer as other domains may see one."""

    id: int
    user_id: int


class NewProfiles(Protocol):
    """Creates performers."""

    def check(self, caller: Principal, values: Mapping[str, Any]) -> None:
        """Check whether `apply` would accept these.

        Raises AlreadyPerformer, and Invalid for an unknown city or category, naming the field.
        """
        ...

    def apply(self, caller: Principal, values: Mapping[str, Any], language: str) -> FullProfile:
        """Create a profile that waits for staff. Raises what `check` raises."""
        ...


class Verification(Protocol):
    """Grants and withdraws `verified`, in the transaction of the domain that knows the evidence."""

    def grant(self, actor: Principal, performer_id: int, language: str) -> FullProfile:
        """Mark a performer as verified. Raises NotFound, OwnPerformer, StatusNotAllowed."""
        ...

    def withdraw(self, performer_id: int, cause: str, actor: Principal | None) -> None:
        """Withdraw `verified` from a performer, if it was granted. `cause` is a word for the event and the
        audit log, `actor` is None when time is the cause.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class PerformerApplied(DomainEvent):
    """A user asked to become a performer; the profile waits for staff."""

    name: ClassVar[str] = "performer.applied"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerApproved(DomainEvent):
    """Staff approved a performer, or approved one again."""

    name: ClassVar[str] = "performer.approved"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerReopened(DomainEvent):
    """Staff took a decision back, so the performer waits for another one."""

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
    """The public profile of a performer, or the performer's own settings, changed."""

    name: ClassVar[str] = "performer.profile_changed"
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class PerformerVerified(DomainEvent):
    """Staff verified a performer."""

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
