"""Who works when on what takes much memory: few at a time, one of each owner, and a short line behind."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from marketplace.blueprints.integrations.errors import TooManyAtOnce
from marketplace.kernel.errors import Unavailable

WAIT_SECONDS = 5.0
OWN_LINE = 3
"""How many of one owner wait: as many pictures as a browser sends beside the first without being asked to."""
LINE = 12
"""How many wait in all; each holds a thread of the server."""


class Turns:
    """`at_once` turns of this process, whose memory they guard. An owner has one of them at most, so that
    nobody keeps all from the others; what others do in other processes is theirs.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._changed = Condition()
        self._busy: set[int] = set()
        self._waiting: Counter[int | None] = Counter()

    @contextmanager
    def take(self, owner: int | None) -> Iterator[None]:
        """Wait for a turn, and have it until the block ends; None is nobody in particular.

        Raises TooManyAtOnce when it is the owner's own that are in the way, Unavailable when others are.
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
        if owner is not None and self._waiting[owner] >= OWN_LINE:
            raise TooManyAtOnce(retry_after=1)
        if self._waiting.total() >= LINE:
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
