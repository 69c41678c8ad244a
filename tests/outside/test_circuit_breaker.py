"""A slow provider is put aside, and asked again by one."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from smtplib import SMTPRecipientsRefused

import pytest

from marketplace.kernel.lanes import Postponed
from marketplace.outside.circuit_breaker import (
    ASIDE_SECONDS,
    FAILURES,
    LOOK_SECONDS,
    SLOW_SECONDS,
    CircuitBreaker,
    GuardedMailer,
)


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def breaker(watch: Watch) -> CircuitBreaker:
    return CircuitBreaker("post", (SMTPRecipientsRefused,), watch)


def fail(breaker: CircuitBreaker, error: Exception) -> None:
    with pytest.raises(type(error)), breaker.call():
        raise error


@contextmanager
def underway(breaker: CircuitBreaker) -> Iterator[None]:
    """Another thread is in a call."""
    inside, leave = threading.Event(), threading.Event()

    def call() -> None:
        with breaker.call():
            inside.set()
            assert leave.wait(20)

    thread = threading.Thread(target=call)
    thread.start()
    assert inside.wait(20)
    try:
        yield
    finally:
        leave.set()
        thread.join(20)


def test_failures_in_a_row_put_it_aside_and_then_one_call_tries(
    breaker: CircuitBreaker, watch: Watch
) -> None:
    for _ in range(FAILURES):
        fail(breaker, TimeoutError())
    with pytest.raises(Postponed) as found, breaker.call():
        pytest.fail("it was called")
    assert found.value.seconds == ASIDE_SECONDS
    watch.now += ASIDE_SECONDS
    with underway(breaker), pytest.raises(Postponed), breaker.call():
        pytest.fail("a second call tried")
    with underway(breaker), underway(breaker):
        breaker.check()


def test_a_try_that_fails_puts_it_aside_again(breaker: CircuitBreaker, watch: Watch) -> None:
    for _ in range(FAILURES):
        fail(breaker, TimeoutError())
    watch.now += ASIDE_SECONDS
    fail(breaker, TimeoutError())
    with pytest.raises(Postponed):
        breaker.check()


def test_a_success_between_failures_is_a_new_beginning(breaker: CircuitBreaker) -> None:
    for _ in range(5):
        fail(breaker, TimeoutError())
        with breaker.call():
            pass
    breaker.check()


def test_a_refusal_of_one_recipient_is_an_answer(breaker: CircuitBreaker) -> None:
    for _ in range(5):
        fail(breaker, SMTPRecipientsRefused({}))
    breaker.check()


def test_nobody_waits_behind_a_call_without_an_answer(breaker: CircuitBreaker, watch: Watch) -> None:
    with underway(breaker):
        breaker.check()
        watch.now += SLOW_SECONDS + 0.1
        with pytest.raises(Postponed) as found, breaker.call():
            pytest.fail("it was called")
        assert found.value.seconds == LOOK_SECONDS
    breaker.check()


def test_a_mailer_behind_it(breaker: CircuitBreaker) -> None:
    tried: list[str] = []

    class Away:
        def send(
            self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str], html: str = ""
        ) -> None:
            tried.append(f"{to} {topic} {subject} {text} {dict(data)} {html}")
            raise TimeoutError

    mailer = GuardedMailer(Away(), breaker)
    errors: list[type[Exception]] = []
    for _ in range(4):
        try:
            mailer.send(to="a@b.example", topic="t", subject="s", text="x", data={}, html="<p>x")
        except (TimeoutError, Postponed) as error:
            errors.append(type(error))
    assert errors == [TimeoutError, TimeoutError, Postponed, Postponed]
    assert tried == ["a@b.example t s x {} <p>x"] * FAILURES
