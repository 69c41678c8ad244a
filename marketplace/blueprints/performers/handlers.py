"""What performers do when something happened: drop public answers that no longer hold, forget who left."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.public import (
    UserAnonymised,
    UserBlocked,
    UserDeleted,
    UserProfileChanged,
    UserRestored,
    UserUnblocked,
)
from marketplace.blueprints.catalog.public import (
    CategoriesMerged,
    CategoryChanged,
    CategoryMoved,
    CityChanged,
    ServiceChanged,
    ServiceCreated,
    ServiceHidden,
    ServiceRemoved,
    ServiceRestored,
)
from marketplace.blueprints.performers.blueprint import CACHE_TOPIC
from marketplace.blueprints.performers.certificate_events import (
    CertificateApproved,
    CertificateExpired,
    CertificateRemoved,
    CertificateRevoked,
)
from marketplace.blueprints.performers.events import (
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
)
from marketplace.blueprints.performers.wiring import Performers
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.caching import drop
from marketplace.web.runtime import Runtime

REFRESH = "performers.refresh_listings"

_SHOWN = (
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
    UserProfileChanged,
    UserBlocked,
    UserUnblocked,
    UserDeleted,
    UserRestored,
    UserAnonymised,
)
"""What changes a card or a public profile."""


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of this domain. Those that drop run after the commit: dropped before it, an answer could
    be made anew from what was there before.
    """
    records = parts.get(Performers).records
    schedule_rows = parts.get(Performers).schedule_rows

    def wake(_event: DomainEvent) -> None:
        parts.uow.enqueue(REFRESH, {})

    def forget(event: UserAnonymised) -> None:
        records.forget(event.user_id)
        schedule_rows.forget(event.user_id)

    def changed(_event: DomainEvent) -> None:
        drop(CACHE_TOPIC)

    return [
        *(
            Handler(kind, changed, key=f"performers.drop.{kind.name}", effect=True, at_once=True)
            for kind in _SHOWN
        ),
        Handler(UserAnonymised, forget, key="performers.forget", after_commit=False),
        # In the same transaction: what the database put aside for later is there when the job is.
        *(
            Handler(kind, wake, key=f"performers.refresh.{kind.name}", after_commit=False)
            for kind in (CategoryChanged, CategoryMoved, CategoriesMerged)
        ),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """What happens by itself. Both work in transactions of their own, batch by batch."""
    listings = parts.get(Performers).listings

    def refresh(_payload: dict[str, Any]) -> None:
        if listings.refresh_stale():
            drop(CACHE_TOPIC)

    def prune(_payload: dict[str, Any]) -> None:
        listings.prune_words()

    return [
        Job(REFRESH, refresh, effect=True, every=60),
        Job("performers.prune_words", prune, effect=True, every=86_400, lane=Lane.BULK),
    ]
