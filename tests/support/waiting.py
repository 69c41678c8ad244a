"""Waiting for what other threads and processes do, up to a deadline."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")

_never = Event()


def eventually(look: Callable[[], T | None], *, timeout: float = 15.0, every: float = 0.05) -> T:
    """What `look` gives once it is true; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"nothing came within {timeout} s"
        _never.wait(every)
