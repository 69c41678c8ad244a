"""What a repository of bulk decisions does: the same for the one in memory and the one in SQL."""

from datetime import timedelta

import pytest

from marketplace.blueprints.moderation.ports import OperationRepository
from marketplace.blueprints.moderation.repositories.operations import SqlOperationRepository
from marketplace.kernel.bulk import Moved
from marketplace.testing import START, Factory
from marketplace.web.runtime import Runtime
from tests.moderation.fakes import InMemoryOperations

ITEMS = [Moved(7, {"status": "pending"}, {"status": "approved"}), Moved(3, {"at": None}, {"at": "now"})]


@pytest.fixture(params=["fake", "sql"])
def repository(request: pytest.FixtureRequest) -> OperationRepository:
    if request.param == "fake":
        return InMemoryOperations()
    runtime: Runtime = request.getfixturevalue("runtime")
    return SqlOperationRepository(runtime.uow)


@pytest.fixture
def staff(make: Factory) -> int:
    return make.staff().id


def test_what_was_moved_comes_back_in_its_order(repository: OperationRepository, staff: int) -> None:
    number = repository.add("services", staff, ITEMS, START)
    found = repository.lock(number)
    assert found is not None
    assert (found.id, found.kind, found.actor_id, found.created_at) == (number, "services", staff, START)
    assert (list(found.items), found.undone_at) == (ITEMS, None)
    assert repository.lock(number + 1) is None


def test_one_that_was_taken_back_says_when(repository: OperationRepository, staff: int) -> None:
    kept, undone = repository.add("users", staff, ITEMS, START), repository.add("users", staff, [], START)
    repository.mark_undone(undone, staff, START + timedelta(minutes=5))
    times = [found.undone_at for number in (kept, undone) if (found := repository.lock(number))]
    assert times == [None, START + timedelta(minutes=5)]


def test_old_ones_are_forgotten(repository: OperationRepository, staff: int) -> None:
    old = repository.add("users", staff, ITEMS, START)
    new = repository.add("users", staff, ITEMS, START + timedelta(hours=1))
    assert repository.prune(START + timedelta(hours=1)) == 1
    assert (repository.lock(old), repository.lock(new) is not None) == (None, True)
    assert repository.prune(START + timedelta(hours=1)) == 0
