"""The unit of work and its fake keep the same contract."""

from collections.abc import Callable
from typing import Any

import pytest

from marketplace.blueprints.accounts.contracts import UserVerified
from marketplace.database.unit_of_work import TransactionDoomed
from marketplace.extensions import db
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models import DomainEventRow
from tests.fakes.transactions import FakeUnitOfWork

EVENT = UserVerified(user_id=7)


def broken() -> None:
    raise KeyError


@pytest.fixture(params=["sql", "fake"])
def subject(request: pytest.FixtureRequest) -> tuple[UnitOfWork, Callable[[], int]]:
    """A unit of work, and how many events it has stored."""
    if request.param == "fake":
        fake = FakeUnitOfWork()
        return fake, lambda: len(fake.events)
    runtime: Any = request.getfixturevalue("runtime")
    return runtime.uow, lambda: db.session.query(DomainEventRow).count()


def test_the_outermost_block_stores(subject: tuple[UnitOfWork, Callable[[], int]]) -> None:
    uow, stored = subject
    with uow, uow:
        uow.record(EVENT)
    assert stored() == 1


def test_a_failure_stores_nothing(subject: tuple[UnitOfWork, Callable[[], int]]) -> None:
    uow, stored = subject

    def fail() -> None:
        with uow:
            uow.record(EVENT)
            broken()

    with pytest.raises(KeyError):
        fail()
    assert stored() == 0


def test_an_inner_failure_that_is_swallowed_is_told(subject: tuple[UnitOfWork, Callable[[], int]]) -> None:
    uow, stored = subject

    def swallow() -> None:
        with uow:
            uow.record(EVENT)
            try:
                with uow:
                    broken()
            except KeyError:
                pass

    with pytest.raises(TransactionDoomed):
        swallow()
    assert stored() == 0
    with uow:
        uow.record(EVENT)
    assert stored() == 1
