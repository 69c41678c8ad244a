"""The clock of the tests, which moves only when told."""

from datetime import UTC, datetime

import pytest

from marketplace.kernel.clock import FrozenClock

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
"""Where the frozen clock stands at the start of each test: a Monday morning."""


@pytest.fixture(scope="session")
def frozen_clock() -> FrozenClock:
    """The clock that the program is assembled with; tests take `clock`."""
    return FrozenClock(START)


@pytest.fixture
def clock(frozen_clock: FrozenClock) -> FrozenClock:
    """The program's clock; stands at START until `clock.advance(...)` or `clock.set(...)`."""
    frozen_clock.set(START)
    return frozen_clock
