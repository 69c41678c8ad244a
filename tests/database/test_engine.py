"""No request hangs on the database: every wait has an end, and is told in the program's own errors."""

import threading

import psycopg2
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError as PoolTimeout

from marketplace.config import load_settings
from marketplace.database.dsn import libpq_dsn
from marketplace.database.engine import ask_time, connect_args
from marketplace.database.errors import ResourceBusy, translate
from marketplace.extensions import db
from marketplace.kernel.errors import Unavailable
from tests.support.postgres import ON_PURPOSE


def show(name):
    with db.engine.connect() as connection:
        return connection.execute(text(f"SHOW {name}")).scalar_one()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("statement_timeout", "4s"),
        ("lock_timeout", "1500ms"),
        ("idle_in_transaction_session_timeout", "1min"),
        ("timezone", "UTC"),
        ("application_name", "marketplace"),
    ],
)
def test_what_every_connection_is_told(committed, name, value):
    with committed.app_context():
        assert show(name) == value


def test_the_pool_is_as_the_settings_say(committed):
    with committed.app_context():
        pool = db.engine.pool
        timeout = committed.extensions["marketplace"].settings.db_pool_timeout
        assert (pool.size(), pool._max_overflow, pool._recycle, pool._timeout) == (20, 10, 3600, timeout)
        assert load_settings({"APP_ENV": "development"}).db_pool_timeout == 2.0
        assert pool._pre_ping


def test_a_connection_that_died_is_replaced(committed):
    """Pre-ping: a restart of PostgreSQL costs no request."""
    with committed.app_context():
        with db.engine.connect() as connection:
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        killer = psycopg2.connect(libpq_dsn(db.engine.url))
        with killer.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        killer.close()
        assert show("timezone") == "UTC"


def test_a_row_locked_elsewhere_is_busy_soon(committed, make_job):
    with committed.app_context(), db.engine.connect() as one, db.engine.connect() as other:
        one.execute(text("SELECT id FROM job FOR UPDATE"))
        with pytest.raises(SQLAlchemyError) as caught:
            other.execute(text("UPDATE job SET kind = 'x'"))
        assert isinstance(translate(caught.value, {}), ResourceBusy)


def test_of_two_in_a_deadlock_one_is_busy(committed, make_job):
    outcomes, barrier = [], threading.Barrier(2)

    def run(order):
        with committed.app_context(), db.engine.connect() as connection:
            try:
                connection.execute(text(f"SET LOCAL application_name = '{ON_PURPOSE}'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": order[0]})
                barrier.wait(10)
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": order[1]})
                outcomes.append(None)
            except SQLAlchemyError as error:
                outcomes.append(translate(error, {}))

    threads = [threading.Thread(target=run, args=(order,)) for order in ((71, 72), (72, 71))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert ResourceBusy in {type(outcome) for outcome in outcomes}


def test_a_statement_that_takes_too_long_ends(committed):
    with committed.app_context(), db.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = '50ms'"))
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text("SELECT pg_sleep(20)"))
        connection.rollback()
        connection.execute(text("RESET statement_timeout"))
    assert isinstance(translate(caught.value, {}), Unavailable)


def test_no_connection_left(committed):
    with committed.app_context():
        url = db.engine.url
    small = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    with small.connect():
        with pytest.raises(PoolTimeout) as caught:
            small.connect()
        error = translate(caught.value, {})
    small.dispose()
    assert isinstance(error, Unavailable)
    assert error.retry_after == 1


def test_a_database_that_does_not_answer():
    settings = load_settings(
        {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "SECRET_KEY": "x",
            "INSTANCE_PATH": "/nowhere",
        }
    )
    engine = create_engine(settings.database_url, connect_args=connect_args(settings))
    with pytest.raises(SQLAlchemyError) as caught:
        engine.connect()
    assert isinstance(translate(caught.value, {}), Unavailable)
    with pytest.raises(OSError, match="does not tell the time"):
        ask_time(engine)


def test_the_databases_time(committed):
    with committed.app_context():
        assert ask_time(db.engine).utcoffset().total_seconds() == 0


def test_libpq_dsn_keeps_password_and_options():
    url = make_url("postgresql+psycopg2://a:p%40ss@h:5/d?host=/tmp/x")
    assert libpq_dsn(url) == "postgresql://a:p%40ss@h:5/d?host=%2Ftmp%2Fx"
    assert libpq_dsn("postgresql://a@/d") == "postgresql://a@/d"


@pytest.fixture
def make_job(committed):
    with committed.app_context(), db.engine.begin() as connection:
        connection.execute(text("INSERT INTO job (kind, payload) VALUES ('a', '{}')"))
