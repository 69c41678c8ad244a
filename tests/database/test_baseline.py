"""The first migration stands for those before it: it makes the same schema, and takes over databases that have it."""

import gzip
from pathlib import Path

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, as the driver names it

from marketplace.testing.databases import run_flask
from tests.database.conftest import database
from tests.support.postgres import ask, connect
from tests.support.schema import PARTS, catalogue

FORMER = Path(__file__).parent / "data" / "schema_0042.sql.gz"
"""`pg_dump --schema-only` of a database that the 42 migrations made which the first one stands for."""


def _restore(url: str, revision: str) -> Connection:
    connection = connect(url)
    ask(connection, gzip.decompress(FORMER.read_bytes()).decode())
    connection.close()
    connection = connect(url)  # the dump has emptied the search path of the other one
    ask(connection, "INSERT INTO alembic_version VALUES (%s)", revision)
    return connection


def test_a_database_of_before_is_taken_over(empty: str, migrated: str, tmp_path: Path) -> None:
    former, fresh = _restore(empty, "0042"), connect(migrated)
    upgraded = run_flask(empty, tmp_path, "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    for part in PARTS:
        assert catalogue(former, part) == catalogue(fresh, part)
    heads = "SELECT version_num FROM alembic_version"
    assert ask(former, heads) == ask(fresh, heads)
    former.close()
    fresh.close()


def test_the_first_migration_alone_makes_the_schema_of_before(
    server_url: str, empty: str, tmp_path: Path
) -> None:
    """But for the functions, which are those of the files; a later migration takes the former ones there."""
    former = _restore(empty, "0042")
    with database(server_url, "template0") as url:
        made = run_flask(url, tmp_path, "db", "upgrade", "0042")
        assert made.returncode == 0, made.stderr
        fresh = connect(url)
        for part in set(PARTS) - {"functions"}:
            assert catalogue(fresh, part) == catalogue(former, part)
        tables = ask(fresh, "SELECT relname FROM pg_class WHERE relname = ANY (%s)", ["user", "job"])
        assert len(tables) == 2
        fresh.close()
    former.close()


@pytest.mark.parametrize(
    ("revision", "command"),
    [("0001", "upgrade"), ("0030", "check"), ("0041", "current"), ("0041", "upgrade")],
)
def test_an_older_database_is_told_the_way(empty: str, tmp_path: Path, revision: str, command: str) -> None:
    connection = _restore(empty, revision)
    before = catalogue(connection)
    refused = run_flask(empty, tmp_path, "db", command)
    assert refused.returncode == 1
    said = [line for line in refused.stderr.splitlines() if "rror" in line]
    assert len(said) == 1
    assert f"at revision {revision}" in said[0]
    assert f"`flask db upgrade` of the last release that has {revision}" in said[0]
    assert "Traceback" not in refused.stderr
    assert catalogue(connection) == before
    assert ask(connection, "SELECT version_num FROM alembic_version") == [(revision,)]
    connection.close()


def test_nothing_leads_back_behind_the_first(migrated: str, tmp_path: Path) -> None:
    """It would take all data with it."""
    connection = connect(migrated)
    tables = catalogue(connection, "relations")
    refused = run_flask(migrated, tmp_path, "db", "downgrade", "base")
    assert refused.returncode == 1
    assert "0042 is the first migration" in refused.stderr
    assert "Traceback" not in refused.stderr
    again = run_flask(migrated, tmp_path, "db", "upgrade")
    assert again.returncode == 0, again.stderr
    assert catalogue(connection, "relations") == tables
    connection.close()


def test_a_first_upgrade_that_gives_up_leaves_nothing(empty: str, tmp_path: Path) -> None:
    """Somebody else makes a table of ours just then: it waits for a second, and can be started again."""
    looked, other = connect(empty), connect(empty)
    nothing = catalogue(looked)
    other.autocommit = False
    ask(other, "CREATE TABLE notification (id bigint)")
    refused = run_flask(empty, tmp_path, "db", "upgrade")
    assert refused.returncode != 0
    assert "lock timeout" in refused.stderr
    other.rollback()
    assert catalogue(looked) == nothing
    again = run_flask(empty, tmp_path, "db", "upgrade")
    assert again.returncode == 0, again.stderr
    assert ask(looked, "SELECT count(*) FROM notification") == [(0,)]
    other.close()
    looked.close()
