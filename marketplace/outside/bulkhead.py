"""A bulkhead for work that takes much memory: few callers at once, one per owner, and a short queue."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from marketplace.kernel.errors import Unavailable
from marketplace.outside.errors import TooManyAtOnce

WAIT_SECONDS = 5.0
OWN_QUEUE = 3
"""The waiting callers of one owner: the pictures that a browser sends by itself beside the first."""
QUEUE = 12
"""All waiting callers; each holds a thread of the server."""


class Bulkhead:
    """Lets `at_once` callers of this process work at a time, to bound its memory (Nygard, Release It!,
    chapter 5). An owner has at most one place, so that nobody keeps the others out.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._changed = Condition()
        self._busy: set[int] = set()
        self._waiting: Counter[int | None] = Counter()

    @contextmanager
    def take(self, owner: int | None) -> Iterator[None]:
        """Wait for a place, and hold it until the block ends; `owner` is None for nobody in particular.

        Raises TooManyAtOnce when the owner's own work fills the queue, Unavailable when that of others does.
        """
        with self._changed:
            if not self._may_go(owner):
                self._wait(owner)
            self._free -= 1
            if owner is not None:
                self._busy.add(owner)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                if owner is not None:
                    self._busy.remove(owner)
                self._changed.notify_all()

    def _may_go(self, owner: int | None) -> bool:
        return self._free > 0 and owner not in self._busy

    def _wait(self, owner: int | None) -> None:
        if owner is not None and self._waiting[owner] >= OWN_QUEUE:
            raise TooManyAtOnce(retry_after=1)
        if self._waiting.total() >= QUEUE:
            raise Unavailable("Too many pictures are being worked on; try again in a moment")
        self._waiting[owner] += 1
        try:
            came = self._changed.wait_for(lambda: self._may_go(owner), WAIT_SECONDS)
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner]
        if not came and owner in self._busy:
            raise TooManyAtOnce(retry_after=1)
        if not came:
            raise Unavailable("Too many pictures are being worked on; try again in a moment")
