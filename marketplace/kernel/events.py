"""Domain events: facts in the past tense, recorded in the transaction that causes them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar
from uuid import UUID, uuid4

from marketplace.kernel.lanes import Lane

EVENT_TYPES: dict[str, type["DomainEvent"]] = {}
"""Every event class by its name; filled once when the classes are defined, constant after that."""


@dataclass(frozen=True, kw_only=True)
class DomainEvent:
    """Base of all events. Subclasses set `name` (`order.accepted`) and hold values that JSON knows."""

    name: ClassVar[str] = ""
    event_id: UUID = field(default_factory=uuid4)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.name:
            raise TypeError(f"{cls.__name__} needs a name such as 'order.accepted'")
        known = EVENT_TYPES.get(cls.name)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"{cls.__name__} and {known.__name__} share the event name {cls.name!r}")
        EVENT_TYPES[cls.name] = cls

    def payload(self) -> dict[str, Any]:
        """The event's own fields, as they are stored."""
        values = asdict(self)
        del values["event_id"]
        return values


def restore(name: str, event_id: UUID, payload: dict[str, Any]) -> DomainEvent:
    """Build the event that was stored as `name` and `payload`. Raises KeyError for an unknown name."""
    return EVENT_TYPES[name](event_id=event_id, **payload)


EventFunction = Callable[[Any], None]


@dataclass(frozen=True)
class Handler:
    """A plugin's reaction to an event.

    `after_commit=False` runs inside the transaction: it may write, and an error vetoes the change.
    `after_commit=True` becomes a job of the outbox, run at least once after the commit: it must be
    idempotent by `event.event_id`. `effect=True` is for work that reaches the network: it runs
    without an open transaction, under a lease. `at_once=True` runs an after-commit handler in the
    process of the caller too, before the caller gets the response: for state of that process,
    such as cached responses; the job does it again elsewhere. Then `now`, when given, runs in place of `run`:
    it may leave slow work to the job. `key` names the handler in the outbox for
    good, so renaming the function loses no job. `lane` is where that job queues.
    """

    event: type[DomainEvent]
    run: EventFunction
    key: str
    after_commit: bool = True
    effect: bool = False
    at_once: bool = False
    now: EventFunction | None = None
    lane: Lane = Lane.WORK
