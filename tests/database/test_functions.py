"""The functions of the database are those of the files, and each file holds one."""

import re

import pytest
from sqlalchemy import Connection, text

from marketplace.database import functions
from tests.support.postgres import ask, connect
from tests.support.schema import catalogue


@pytest.mark.parametrize("name", functions.names())
def test_a_file_is_one_function_and_its_triggers(name: str) -> None:
    sql = functions.read(name)
    assert re.match(r"-- [A-Z].*[.:]\n", sql), "the first line says what it is for"
    assert re.findall(r"^CREATE .*?(?:FUNCTION|PROCEDURE) (\w+)\(", sql, re.MULTILINE) == [name]
    made = re.findall(r"^(CREATE.*?) (?:FUNCTION|TRIGGER) ", sql, re.MULTILINE)
    assert set(made) == {"CREATE OR REPLACE"}, "it may be installed again"
    called = re.findall(
        r"^CREATE OR REPLACE TRIGGER .*?EXECUTE FUNCTION (\w+)\(\);$", sql, re.MULTILINE | re.DOTALL
    )
    assert set(called) <= {name}
    assert len(made) == 1 + len(called)


def test_what_migrations_leave_is_what_the_files_give(migrated: str) -> None:
    """Neither more nor less, and each body is one that PostgreSQL accepts."""
    connection = connect(migrated)
    parts = ("functions", "triggers")
    before = catalogue(connection, *parts)
    for name, arguments, *_ in before["functions"]:
        # With the indexes that call it: they are not looked at here.
        ask(connection, f"DROP FUNCTION IF EXISTS {name}({arguments}) CASCADE")
    assert catalogue(connection, *parts) == {part: [] for part in parts}

    # Once in any order, and then again with a look at what is in them.
    for looked_at in ("off", "on"):
        ask(connection, f"SET check_function_bodies = {looked_at}")
        for name in functions.names():
            ask(connection, functions.read(name))
    assert catalogue(connection, *parts) == before
    connection.close()


def test_a_statement_runs_as_it_stands(context: Connection) -> None:
    said = "a :name, 100% of %s, %(x)s, a::cast"
    context.execute(
        functions.literal(f"CREATE TEMPORARY TABLE said ON COMMIT DROP AS SELECT '{said}' AS it;\n")
    )
    assert context.scalar(text("SELECT it FROM said")) == said


def test_functions_come_in_any_order(context: Connection) -> None:
    """`search_fold` calls `text_fold`, and a body that names what is not there is not looked at."""
    context.execute(text("DROP FUNCTION text_fold CASCADE"))
    context.execute(functions.install("search_fold", "text_fold"))
    assert context.scalar(text("SELECT search_fold('Größe, Straße')")) == "grosse strasse"
