"""When the program calls itself ready, also when something that it asks hangs."""

import socket
import time
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import text

from marketplace.blueprints.operations.adapters import MigrationsCheck, RedisCheck, ZonesCheck, check_indexes
from marketplace.blueprints.operations.services import Readiness
from marketplace.extensions import db
from marketplace.kernel import zones
from marketplace.kernel.clock import Clock
from marketplace.testing import Factory
from tests.support.waiting import eventually


def test_all_is_there() -> None:
    assert Readiness({}).missing() == {}
    assert Readiness({"a": lambda: None, "b": lambda: None}).missing() == {}


def test_what_is_missing_is_named() -> None:
    checks = {"a": lambda: "gone", "b": lambda: None, "c": lambda: "full"}
    assert Readiness(checks).missing() == {"a": "gone", "c": "full"}


def test_a_check_may_come_later() -> None:
    checks = {"a": lambda: None}
    readiness = Readiness(checks)
    assert readiness.missing() == {}
    checks["b"] = lambda: "gone"  # type: ignore[assignment,return-value] # as a plugin that is set up later does
    assert readiness.missing() == {"b": "gone"}


def test_a_check_that_fails_is_a_defect_and_no_crash(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise LookupError("a secret of the inside")

    assert Readiness({"a": broken}).missing() == {"a": "the check failed"}
    assert "a readiness check failed" in caplog.text


def test_one_that_hangs_is_given_up_and_not_started_twice() -> None:
    release, calls = Event(), []

    def hang() -> None:
        calls.append(1)
        release.wait(30)

    readiness = Readiness({"slow": hang, "fast": lambda: None}, timeout=0.1)
    started = time.monotonic()
    for _ in range(5):
        assert readiness.missing() == {"slow": "does not answer in time"}
    assert time.monotonic() - started < 5
    assert len(calls) == 1
    release.set()
    eventually(lambda: readiness.missing() == {})
    assert readiness.missing() == {}
    assert len(calls) >= 2


@pytest.mark.parametrize(
    ("current", "missing"),
    [
        ({"a3", "b2"}, []),
        ({"a2", "b2"}, ["a3"]),
        ({"a1"}, ["a3", "b2"]),
        (set(), ["a3", "b2"]),
        ({"a3"}, ["b2"]),
        # A newer release has migrated: its revisions are unknown here, and that is as it should be.
        ({"a4-of-a-newer-release", "b2"}, []),
        ({"a4-of-a-newer-release", "b3-of-a-newer-release"}, []),
        ({"a4-of-a-newer-release", "b1"}, ["b2"]),
        # A plugin was removed, and its branch is still there.
        ({"a2", "b2", "of-a-plugin"}, ["a3"]),
        # `c1` depends on the head `a3`, which is there then, and has no row of its own.
        ({"c1", "b2"}, []),
    ],
)
def test_which_migrations_are_missing(current: set[str], missing: list[str]) -> None:
    check = MigrationsCheck()
    vars(check)["_lineage"] = {"a3": {"a1", "a2", "a3"}, "b2": {"b1", "b2", "a1"}}
    vars(check)["_ancestors"] = {"b1": {"b1", "a1"}, "b2": {"b2", "b1", "a1"}, "c1": {"c1", "a3"}}
    assert check.missing(current) == missing


def test_a_database_that_only_a_former_release_brings_further(app: Flask) -> None:
    """Its revision has no file any more, but it is no newer one."""
    with app.app_context():
        heads = MigrationsCheck().missing(set())
        assert heads
        for former in ("0001", "0041"):
            assert MigrationsCheck().missing({former}) == heads


def test_redis_is_away() -> None:
    assert RedisCheck("redis://127.0.0.1:1/0")() == "does not answer"


def test_redis_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = time.monotonic()
        assert RedisCheck(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")() == "does not answer"
        assert time.monotonic() - started < 2


def test_an_index_that_nobody_can_use_is_named(committed: Flask) -> None:
    mark = text("UPDATE pg_index SET indisvalid = :valid WHERE indexrelid = 'ix_user_deleted_at'::regclass")
    with committed.app_context():
        assert check_indexes() is None
        with db.engine.begin() as connection:
            connection.execute(mark, {"valid": False})
        try:
            assert check_indexes() == "run `flask db upgrade`: ix_user_deleted_at invalid"
        finally:
            with db.engine.begin() as connection:
                connection.execute(mark, {"valid": True})


def test_zones_of_cities_that_the_database_does_not_know(
    committed: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore into an older one, which checks nothing."""
    check = ZonesCheck(clock)
    with committed.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE city DROP CONSTRAINT ck_city_timezone"))
            connection.execute(
                text(
                    "INSERT INTO city (id, name, ascii_name, country_code, latitude, longitude, timezone, population)"
                    " VALUES (1, 'Base', 'Base', 'DE', 0, 0, 'Mars/Phobos', 1)"
                )
            )
        try:
            assert check() == "update the time zones of the database's system: it lacks Mars/Phobos"
        finally:
            with db.engine.begin() as connection:
                connection.execute(text("DELETE FROM city WHERE id = 1"))
                connection.execute(
                    text(
                        "ALTER TABLE city ADD CONSTRAINT ck_city_timezone"
                        " CHECK (timezone(timezone, 'epoch'::timestamptz) IS NOT NULL)"
                    )
                )
        assert check() is None
        monkeypatch.setattr(db.engine, "connect", None)
        assert check() is None, "and asks no more"


def test_rules_of_another_year_are_told(
    committed: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with committed.app_context():
        Factory().city(timezone="Europe/Berlin")
        Factory().city(timezone="Asia/Tokyo")
        db.session.commit()
        assert ZonesCheck(clock)() is None
        assert caplog.records == []
        monkeypatch.setattr(
            "marketplace.blueprints.operations.adapters.zone",
            lambda name: zones.zone("UTC" if name == "Europe/Berlin" else name),
        )
        assert ZonesCheck(clock)() is None
    (record,) = caplog.records
    assert (record.levelname, record.zones) == ("WARNING", ["Europe/Berlin"])
