"""What performers do when something happened: drop public answers that no longer hold, forget who left."""

from collections.abc import Iterable

from marketplace.blueprints.accounts.public import (
    UserAnonymised,
    UserBlocked,
    UserDeleted,
    UserProfileChanged,
    UserRestored,
    UserUnblocked,
)
from marketplace.blueprints.catalog.public import (
    CategoryChanged,
    CityChanged,
    ServiceChanged,
    ServiceCreated,
    ServiceHidden,
    ServiceRemoved,
    ServiceRestored,
)
from marketplace.blueprints.performers.blueprint import CACHE_TOPIC
from marketplace.blueprints.performers.events import (
    PerformerApproved,
    PerformerPaused,
    PerformerProfileChanged,
    PerformerResumed,
    PerformerSuspended,
)
from marketplace.blueprints.performers.wiring import Performers
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.web.caching import drop
from marketplace.web.runtime import Runtime

_SHOWN = (
    PerformerApproved,
    PerformerPaused,
    PerformerProfileChanged,
    PerformerResumed,
    PerformerSuspended,
    ServiceChanged,
    ServiceHidden,
    ServiceRestored,
    ServiceCreated,
    ServiceRemoved,
    CategoryChanged,
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

    def forget(event: UserAnonymised) -> None:
        records.forget(event.user_id)

    def changed(_event: DomainEvent) -> None:
        drop(CACHE_TOPIC)

    return [
        *(
            Handler(kind, changed, key=f"performers.drop.{kind.name}", effect=True, at_once=True)
            for kind in _SHOWN
        ),
        Handler(UserAnonymised, forget, key="performers.forget", after_commit=False),
    ]
