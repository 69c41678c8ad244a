"""Seconds for code that asks `monotonic` or `time`, which pass when a test says so."""


class Ticks:
    """A clock that stands until moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
