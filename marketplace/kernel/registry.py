"""The registry of event handlers and job kinds, collected from the plugins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.lanes import Lane

JobFunction = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """A kind of background work: `run(payload)`.

    Without `effect`, it runs in one transaction with its own completion: its writes happen exactly
    once. With `effect` it reaches the network, runs without an open transaction, and may run twice.
    `every` is in seconds: such a job enqueues itself and needs no caller. `lane` is its queue.
    A job that waits for somebody else's server is an effect, and outside of the lane `work`.
    """

    kind: str
    run: JobFunction
    effect: bool = False
    max_attempts: int = 10
    every: float | None = None
    lane: Lane = Lane.WORK


@dataclass
class Registry:
    """Handlers by event type and jobs by kind; filled while the program is assembled."""

    jobs: dict[str, Job] = field(default_factory=dict)
    _handlers: dict[type[DomainEvent], list[Handler]] = field(default_factory=dict)
    _by_key: dict[str, Handler] = field(default_factory=dict)

    def add_handlers(self, handlers: Iterable[Handler]) -> None:
        """Raises ValueError for a handler key that is taken."""
        for handler in handlers:
            if handler.key in self._by_key:
                raise ValueError(f"two event handlers share the key {handler.key!r}")
            self._by_key[handler.key] = handler
            self._handlers.setdefault(handler.event, []).append(handler)

    def add_jobs(self, jobs: Iterable[Job]) -> None:
        """Raises ValueError for a kind that is taken."""
        for job in jobs:
            if job.kind in self.jobs:
                raise ValueError(f"two jobs share the kind {job.kind!r}")
            self.jobs[job.kind] = job

    def handlers_of(self, event: DomainEvent) -> list[Handler]:
        """The handlers of this event's class, in the order of the plugins."""
        return self._handlers.get(type(event), [])

    def handler(self, key: str) -> Handler | None:
        """The handler with this key; None when its plugin is gone."""
        return self._by_key.get(key)
