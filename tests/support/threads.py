"""Threads that begin together, for races."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any


def at_once(count: int, run: Callable[[int], Any]) -> list[Any]:
    """What `count` threads give that begin together."""
    barrier = Barrier(count)

    def start(number: int) -> Any:
        barrier.wait()
        return run(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))
