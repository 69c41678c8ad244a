"""What one process tells, others hear; a listener that may have missed something knows it."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker

from marketplace.database.invalidation import InvalidationBus
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.embedded.users import ensure_running, release
from marketplace.kernel.registry import Registry
from tests.support.waiting import eventually

WAIT = 20
ALL = "everything"
BACKENDS = "FROM pg_stat_activity WHERE application_name = 'marketplace-announcements'"

MakeAnnouncer = Callable[[], InvalidationBus]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of these tests' own, whose processes they may stop."""
    instance = tmp_path_factory.mktemp("announcing") / "instance"
    yield ensure_running(instance, fsync=False)
    release(instance)


@pytest.fixture
def uow(url: str) -> Iterator[SqlUnitOfWork]:
    engine = create_engine(url)
    yield SqlUnitOfWork(scoped_session(sessionmaker(engine)), Registry(), {})
    engine.dispose()


@pytest.fixture
def make_bus(url: str, uow: SqlUnitOfWork) -> Iterator[MakeAnnouncer]:
    made: list[InvalidationBus] = []

    def make() -> InvalidationBus:
        made.append(InvalidationBus(uow, url))
        return made[-1]

    yield make
    for one in made:
        one.close()
    with uow:
        gone = text(f"SELECT pg_terminate_backend(pid) {BACKENDS}")
        uow.session.execute(gone)


def listening(one: InvalidationBus) -> "Queue[str]":
    """What it forgets, from now on."""
    forgotten: Queue[str] = Queue()
    one.listen(forgotten.put, lambda: forgotten.put(ALL))
    assert forgotten.get(timeout=WAIT) == ALL
    eventually(one.is_current)
    return forgotten


def backends(uow: SqlUnitOfWork) -> list[int]:
    """The server's processes that serve listeners."""
    with uow:
        return list(uow.session.scalars(text(f"SELECT pid {BACKENDS}")))


def test_others_hear_each_topic_once_and_the_teller_nothing(make_bus: MakeAnnouncer) -> None:
    here, there = make_bus(), make_bus()
    heard_here, heard_there = listening(here), listening(there)
    here.publish("cities")
    here.publish("performers of a b")
    there.publish("end")
    assert heard_there.get(timeout=WAIT) == "cities"
    assert heard_there.get(timeout=WAIT) == "performers of a b"
    assert heard_here.get(timeout=WAIT) == "end"
    assert heard_there.empty()


def test_a_rolled_back_change_is_not_told(make_bus: MakeAnnouncer, uow: SqlUnitOfWork) -> None:
    here, there = make_bus(), make_bus()
    heard = listening(there)

    def fail() -> None:
        with uow:
            here.publish("undone")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    here.publish("done")
    assert heard.get(timeout=WAIT) == "done"


def test_whoever_never_listened_hears_nothing(make_bus: MakeAnnouncer) -> None:
    assert not make_bus().is_current()


def test_after_a_cut_everything_is_forgotten(make_bus: MakeAnnouncer, uow: SqlUnitOfWork) -> None:
    here, there = make_bus(), make_bus()
    heard = listening(there)
    (cut,) = backends(uow)
    with uow:
        uow.session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": cut})
    assert heard.get(timeout=WAIT) == ALL
    eventually(there.is_current)
    here.publish("cities")
    assert heard.get(timeout=WAIT) == "cities"


def test_a_connection_that_hangs_is_no_longer_trusted(make_bus: MakeAnnouncer, uow: SqlUnitOfWork) -> None:
    here, there = make_bus(), make_bus()
    heard = listening(there)
    (hanging,) = backends(uow)
    os.kill(hanging, signal.SIGSTOP)
    try:
        here.publish("cities")
        eventually(lambda: not there.is_current())
        assert heard.empty()
    finally:
        os.kill(hanging, signal.SIGCONT)
    eventually(there.is_current)
    assert heard.get(timeout=WAIT) == "cities"


def test_a_server_that_comes_back_is_heard_again(tmp_path: Path) -> None:
    url = ensure_running(tmp_path, fsync=False)
    engine = create_engine(url, pool_pre_ping=True)
    uow = SqlUnitOfWork(scoped_session(sessionmaker(engine)), Registry(), {})
    here, there = InvalidationBus(uow, url), InvalidationBus(uow, url)
    heard = listening(there)
    with uow:
        data = uow.session.scalar(text("SHOW data_directory"))
    os.kill(int((Path(str(data)) / "postmaster.pid").read_text().splitlines()[0]), signal.SIGINT)
    assert heard.get(timeout=WAIT) == ALL
    here.publish("cities")
    assert heard.get(timeout=WAIT) == "cities"
    there.close()
    engine.dispose()
    release(tmp_path)
