"""The clocks: frozen for tests, synced with the database in service."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.kernel import clock as clock_module
from marketplace.kernel.clock import FrozenClock, SyncedClock, SystemClock

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


@pytest.fixture
def ticks(monkeypatch):
    """The monotonic clock, moved by hand: `ticks[0] += seconds`."""
    now = [1000.0]
    monkeypatch.setattr(clock_module, "monotonic", lambda: now[0])
    return now


class Source:
    """A time source that counts who asks, and can fail."""

    def __init__(self) -> None:
        self.now = START
        self.asked = 0
        self.fails = False

    def __call__(self) -> datetime:
        self.asked += 1
        if self.fails:
            raise OSError("no answer")
        return self.now


def test_system_clock_is_aware_and_utc():
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_frozen_clock_moves_when_told():
    clock = FrozenClock(START)
    clock.advance(timedelta(hours=1))
    assert clock.now() == START + timedelta(hours=1)
    clock.set(START)
    assert clock.now() == START


def test_synced_clock_carries_the_source_forward(ticks):
    source = Source()
    clock = SyncedClock(source)
    assert clock.now() == START
    ticks[0] += 30
    assert clock.now() == START + timedelta(seconds=30)
    assert source.asked == 1


def test_synced_clock_asks_again_after_the_interval(ticks):
    source = Source()
    clock = SyncedClock(source, interval=60)
    clock.now()
    source.now = START + timedelta(minutes=10)
    ticks[0] += 61
    assert clock.now() == source.now
    assert source.asked == 2


def test_synced_clock_takes_the_middle_of_the_round_trip(ticks):
    def slow() -> datetime:
        ticks[0] += 4
        return START

    assert SyncedClock(slow).now() == START + timedelta(seconds=2)


def test_synced_clock_goes_on_without_its_source(ticks):
    source = Source()
    clock = SyncedClock(source, interval=60)
    clock.now()
    source.fails = True
    ticks[0] += 90
    assert clock.now() == START + timedelta(seconds=90)
    ticks[0] += 30
    assert clock.now() == START + timedelta(seconds=120)
    assert source.asked == 2, "a dead source is asked once an interval"
    source.fails, source.now = False, START + timedelta(hours=1)
    ticks[0] += 61
    assert clock.now() == source.now


def test_synced_clock_needs_a_first_answer(ticks):
    source = Source()
    source.fails = True
    clock = SyncedClock(source)
    with pytest.raises(OSError, match="no answer"):
        clock.now()
    source.fails = False
    assert clock.now() == START


def test_nobody_waits_while_one_thread_asks(ticks):
    entered, leave = threading.Event(), threading.Event()
    calls = []

    def source() -> datetime:
        calls.append(1)
        if len(calls) > 1:
            entered.set()
            assert leave.wait(10)
        return START

    clock = SyncedClock(source, interval=60)
    clock.now()
    ticks[0] += 61
    asking = threading.Thread(target=clock.now)
    asking.start()
    assert entered.wait(10)
    assert clock.now() == START + timedelta(seconds=61)
    leave.set()
    asking.join(10)
    assert not asking.is_alive()
    assert len(calls) == 2
