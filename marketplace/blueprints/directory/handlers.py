"""Invalidation of cached public answers, and background jobs that update the listings after large changes."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.contracts import (
    UserBlocked,
    UserDeleted,
    UserProfileChanged,
    UserRestored,
    UserUnblocked,
)
from marketplace.blueprints.availability.contracts import PerformerScheduleChanged
from marketplace.blueprints.catalog.contracts import (
    CategoriesMerged,
    CategoryChanged,
    CategoryMoved,
    CityChanged,
)
from marketplace.blueprints.certificates.contracts import (
    CertificateApproved,
    CertificateExpired,
    CertificateRemoved,
    CertificateRevoked,
)
from marketplace.blueprints.directory.policies import CACHE_TOPIC
from marketplace.blueprints.directory.wiring import Directory
from marketplace.blueprints.offers.contracts import (
    ServiceChanged,
    ServiceCreated,
    ServiceHidden,
    ServiceRemoved,
    ServiceRestored,
)
from marketplace.blueprints.performers.contracts import (
    PerformerApproved,
    PerformerPaused,
    PerformerProfileChanged,
    PerformerReopened,
    PerformerResumed,
    PerformerSuspended,
    PerformerUnverified,
    PerformerVerified,
)
from marketplace.blueprints.portfolio.contracts import PerformerPortfolioChanged
from marketplace.blueprints.privacy.contracts import UserAnonymised
from marketplace.blueprints.reliability.contracts import PerformerFiguresChanged
from marketplace.blueprints.reviews.contracts import ReviewHidden, ReviewPublished, ReviewRestored
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.caching.topics import drop
from marketplace.web.runtime import Runtime

REFRESH = "performers.refresh_listings"

SHOWN = (
    PerformerApproved,
    PerformerFiguresChanged,
    PerformerPaused,
    PerformerPortfolioChanged,
    PerformerProfileChanged,
    PerformerReopened,
    PerformerResumed,
    PerformerScheduleChanged,
    PerformerSuspended,
    PerformerUnverified,
    PerformerVerified,
    CertificateApproved,
    CertificateExpired,
    CertificateRemoved,
    CertificateRevoked,
    ServiceChanged,
    ServiceHidden,
    ServiceRestored,
    ServiceCreated,
    ServiceRemoved,
    CategoryChanged,
    CategoryMoved,
    CategoriesMerged,
    CityChanged,
    ReviewPublished,
    ReviewHidden,
    ReviewRestored,
    UserProfileChanged,
    UserBlocked,
    UserUnblocked,
    UserDeleted,
    UserRestored,
    UserAnonymised,
)
"""Events that change a card or a public profile."""


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of the directory."""

    def wake(_event: DomainEvent) -> None:
        parts.uow.enqueue(REFRESH, {})

    return [
        # In the same transaction, so that the rows that the database put aside exist when the job does.
        *(
            Handler(kind, wake, key=f"performers.refresh.{kind.name}", after_commit=False)
            for kind in (CategoryChanged, CategoryMoved, CategoriesMerged)
        ),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """Background jobs. Both use transactions of their own, batch by batch."""
    listings = parts.get(Directory).listings

    def refresh(_payload: dict[str, Any]) -> None:
        if listings.refresh_stale():
            drop(CACHE_TOPIC)

    def prune(_payload: dict[str, Any]) -> None:
        listings.prune_words()

    return [
        Job(REFRESH, refresh, effect=True, every=60),
        Job("performers.prune_words", prune, effect=True, every=86_400, lane=Lane.BULK),
    ]
