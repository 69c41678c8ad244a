"""What happens at once after a commit, besides the jobs of the outbox."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from marketplace.database.idempotency import AnswerUnreadable, IdempotencyStore, StoredAnswer
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.extensions import db
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.registry import Registry
from marketplace.web.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class LampLit(DomainEvent):
    name: ClassVar[str] = "test.lamp_lit"
    watts: int


class Spy:
    """Remembers the events it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.seen: list[int] = []
        self._error = error

    def __call__(self, event: LampLit) -> None:
        self.seen.append(event.watts)
        if self._error:
            raise self._error


@pytest.fixture
def counted() -> list[str]:
    return []


def unit(spy: Spy, counted: list[str]) -> SqlUnitOfWork:
    registry = Registry()
    registry.add_handlers([Handler(LampLit, spy, key="test.lamp", effect=True, at_once=True)])
    return SqlUnitOfWork(db.session, registry, {}, committed=counted.append)  # type: ignore[arg-type]


def test_it_runs_after_the_outermost_exit(context: Connection, counted: list[str]) -> None:
    spy = Spy()
    uow = unit(spy, counted)
    with uow:
        with uow:
            uow.record(LampLit(watts=40))
        assert spy.seen == []
        assert counted == []
    assert spy.seen == [40]
    assert counted == ["test.lamp_lit"]
    with uow:
        pass
    assert spy.seen == [40]


def test_it_does_not_run_when_nothing_was_stored(context: Connection, counted: list[str]) -> None:
    spy = Spy()
    uow = unit(spy, counted)

    def fail() -> None:
        with uow:
            uow.record(LampLit(watts=40))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert spy.seen == []
    assert counted == []


def test_its_failure_leaves_the_job(context: Connection, counted: list[str]) -> None:
    spy = Spy(RuntimeError("the cache is away"))
    uow = unit(spy, counted)
    with uow:
        uow.record(LampLit(watts=40))
    assert spy.seen == [40]
    jobs = db.session.execute(
        text("SELECT count(*) FROM job WHERE payload->>'handler' = 'test.lamp'")
    ).scalar()
    assert jobs == 1


def test_committed_events_are_counted(app: Flask, runtime: Runtime) -> None:
    with runtime.uow as uow:
        uow.record(LampLit(watts=40))
    answer = app.test_client().get("/metrics")
    assert 'domain_events_total{name="test.lamp_lit"} 1.0' in answer.get_data(as_text=True)


def test_an_answer_stored_under_another_secret_is_no_defect(runtime: Runtime) -> None:
    old = IdempotencyStore(runtime.uow, "old " * 10)
    new = IdempotencyStore(runtime.uow, "new " * 10)
    answer = StoredAnswer(b"hash", 201, {"Content-Type": "application/json"}, b"{}")
    with runtime.uow:
        old.add("user:1", "key", answer)
        assert old.find("user:1", "key") == replace(answer)
        with pytest.raises(AnswerUnreadable):
            new.find("user:1", "key")
