"""The unit of work: one commit at the outermost exit, all or nothing."""
# ruff: noqa: PT012 - that a whole block fails is what is tested

from dataclasses import dataclass
from typing import ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from marketplace.database.errors import AlreadyExists, ReferenceMissing
from marketplace.database.tables import DomainEventRow, JobRow
from marketplace.database.unit_of_work import TransactionDoomed
from marketplace.kernel.errors import Conflict
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.registry import Job
from tests.database.conftest import KeyTaken


@dataclass(frozen=True, kw_only=True)
class BellRang(DomainEvent):
    name: ClassVar[str] = "test.bell_rang"
    bell_id: int


class Vetoed(Conflict):
    code = "vetoed"
    title = "A handler does not agree"


def add_job(parts, kind="note", key=None):
    parts.uow.session.add(JobRow(kind=kind, payload={}, key=key))
    parts.uow.session.flush()


def stored(parts):
    return [kind for (kind,) in parts.rows("SELECT kind FROM job ORDER BY id")]


def test_one_commit_at_the_outermost_exit(parts, commits):
    with parts.uow:
        add_job(parts, "outer")
        with parts.uow:
            add_job(parts, "inner")
            with parts.uow:
                add_job(parts, "innermost")
        assert commits == []
        assert stored(parts) == []
        assert parts.uow.is_open
    assert commits == ["commit"]
    assert stored(parts) == ["outer", "inner", "innermost"]
    assert not parts.uow.is_open


def test_an_error_stores_nothing(parts, commits):
    with pytest.raises(ZeroDivisionError), parts.uow:
        add_job(parts)
        raise ZeroDivisionError
    assert (stored(parts), commits) == ([], [])


def test_an_inner_failure_dooms_the_whole(parts, commits):
    with pytest.raises(TransactionDoomed), parts.uow:
        add_job(parts, "before")
        with pytest.raises(ZeroDivisionError), parts.uow:
            raise ZeroDivisionError
        add_job(parts, "after")
    assert (stored(parts), commits) == ([], [])


def test_an_error_after_a_doom_is_the_one_that_is_told(parts):
    with pytest.raises(KeyError), parts.uow:
        with pytest.raises(ZeroDivisionError), parts.uow:
            raise ZeroDivisionError
        raise KeyError
    assert stored(parts) == []


def test_the_next_one_starts_fresh(parts):
    with pytest.raises(TransactionDoomed), parts.uow, pytest.raises(ZeroDivisionError), parts.uow:
        raise ZeroDivisionError
    with parts.uow:
        add_job(parts)
    assert stored(parts) == ["note"]


def test_a_savepoint_undoes_its_part_only(parts):
    with parts.uow as uow:
        add_job(parts, "kept")
        with pytest.raises(ZeroDivisionError), uow.savepoint():
            add_job(parts, "undone")
            raise ZeroDivisionError
        add_job(parts, "kept too")
    assert stored(parts) == ["kept", "kept too"]


def test_integrity_errors_are_told_by_constraint_name(parts):
    with parts.uow:
        add_job(parts, key="a")
    with pytest.raises(KeyTaken) as caught, parts.uow:
        add_job(parts, key="a")
    assert isinstance(caught.value.__cause__, IntegrityError)
    assert stored(parts) == ["note"]


def test_a_refusal_at_the_commit_itself_is_translated(parts, commits):
    with parts.uow:
        add_job(parts, key="a")
    with pytest.raises(KeyTaken), parts.uow:
        parts.uow.session.add(JobRow(kind="note", payload={}, key="a"))  # flushed by the commit
    assert commits == ["commit"]
    with parts.uow:
        add_job(parts, key="b")
    assert stored(parts) == ["note", "note"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "INSERT INTO domain_event (event_id, name, payload) SELECT event_id, 'a', '{}' FROM domain_event",
            AlreadyExists,
        ),
        (
            "INSERT INTO user_session (user_id, refresh_hash, expires_at) VALUES (99, 'a', now())",
            ReferenceMissing,
        ),
    ],
)
def test_constraints_without_an_error_of_their_own(parts, statement, expected):
    with parts.uow as uow:
        uow.record(BellRang(bell_id=1))
    with pytest.raises(expected), parts.uow as uow:
        uow.session.execute(text(statement))


def test_a_defect_stays_a_defect(parts):
    with pytest.raises(IntegrityError), parts.uow as uow:  # a CHECK that nobody translates
        uow.session.execute(text("INSERT INTO job (kind, payload, status) VALUES ('a', '{}', 'lost')"))


def test_record_runs_handlers_in_the_transaction_and_enqueues_the_others(parts):
    seen = []
    parts.registry.add_handlers(
        [
            Handler(BellRang, seen.append, key="now", after_commit=False),
            Handler(BellRang, seen.append, key="later"),
        ]
    )
    event = BellRang(bell_id=5)
    with parts.uow as uow:
        uow.record(event)
        assert seen == [event]
        assert stored(parts) == []
    [(sequence, event_id, name, payload, context)] = parts.rows(
        "SELECT id, event_id, name, payload, context FROM domain_event"
    )
    assert (event_id, name, payload) == (event.event_id, "test.bell_rang", {"bell_id": 5})
    assert context == {"request_id": "r-1"}
    assert parts.rows("SELECT kind, payload, event_row_id, context, status FROM job") == [
        ("event", {"handler": "later"}, sequence, {"request_id": "r-1"}, "pending")
    ]
    parts.worker().run_pending()
    assert seen == [event, event]


def test_handlers_see_what_was_only_added(parts):
    counted = []

    def count(_event: BellRang) -> None:
        counted.append(parts.uow.session.query(JobRow).count())

    parts.registry.add_handlers([Handler(BellRang, count, key="count", after_commit=False)])
    with parts.uow as uow:
        uow.session.add(JobRow(kind="note", payload={}))
        uow.record(BellRang(bell_id=1))
    assert counted == [1]


def test_a_handler_in_the_transaction_may_veto(parts):
    def veto(_event: BellRang) -> None:
        raise Vetoed

    parts.registry.add_handlers(
        [
            Handler(BellRang, print, key="later"),
            Handler(BellRang, veto, key="veto", after_commit=False),
        ]
    )
    with pytest.raises(Vetoed), parts.uow as uow:
        add_job(parts)
        uow.record(BellRang(bell_id=1))
    assert stored(parts) == []
    assert parts.rows("SELECT 1 FROM domain_event") == []


def test_a_handler_may_record_further_events(parts):
    def echo(event: BellRang) -> None:
        if event.bell_id < 3:
            parts.uow.record(BellRang(bell_id=event.bell_id + 1))

    parts.registry.add_handlers([Handler(BellRang, echo, key="echo", after_commit=False)])
    with parts.uow as uow:
        uow.record(BellRang(bell_id=1))
    found = parts.rows("SELECT payload ->> 'bell_id' FROM domain_event ORDER BY id")
    assert found == [("1",), ("2",), ("3",)]


def test_nothing_is_recorded_outside(parts):
    for act in (
        lambda: parts.uow.record(BellRang(bell_id=1)),
        lambda: parts.uow.enqueue("note", {}),
        parts.uow.savepoint,
        lambda: parts.uow.lock("a"),
    ):
        with pytest.raises(RuntimeError, match="open unit of work"):
            act()


def test_only_known_kinds_are_enqueued(parts):
    parts.registry.add_jobs([Job("note", print)])
    with pytest.raises(KeyError), parts.uow as uow:
        uow.enqueue("note", {})
        uow.enqueue("no such kind", {})
    assert stored(parts) == []


def test_a_key_makes_a_job_once(parts):
    parts.registry.add_jobs([Job("note", print)])
    for number in range(3):
        with parts.uow as uow:
            uow.enqueue("note", {"number": number}, key="only")
    assert parts.rows("SELECT payload FROM job") == [({"number": 0},)]


def test_advisory_locks_end_with_the_transaction(parts):
    with parts.uow as uow:
        assert uow.lock("order", 5)
        assert uow.lock("order", 5), "the same transaction has it"
        lock = "SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))"
        assert parts.rows(lock, name="order\x1f5") == [(False,)]
    assert parts.rows(lock, name="order\x1f5") == [(True,)]


def test_the_database_tells_the_time(parts):
    with parts.uow as uow:
        assert uow.database_now() == uow.database_now()
        assert uow.database_now().utcoffset() is not None


def test_events_are_in_the_log_in_their_order(parts):
    with parts.uow as uow:
        for number in range(3):
            uow.record(BellRang(bell_id=number))
        found = uow.session.query(DomainEventRow).order_by(DomainEventRow.id).all()
    assert [row.payload["bell_id"] for row in found] == [0, 1, 2]
