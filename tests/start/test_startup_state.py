"""A second start looks, and does not import the program to do so."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from marketplace import startup_state
from marketplace.config import PROJECT_ROOT, Settings
from marketplace.database.dsn import libpq_dsn


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(secret_key="x", instance_path=tmp_path, database_url=database_url)


@pytest.fixture
def execute(database_url: str) -> Iterator[Callable[[str], None]]:
    connection = psycopg2.connect(libpq_dsn(database_url))
    connection.autocommit = True

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    yield run
    connection.close()


def test_what_was_noted_is_found(settings: Settings) -> None:
    assert not startup_state.is_prepared(settings)
    startup_state.note_prepared(settings)
    assert startup_state.is_prepared(settings)


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (
            "UPDATE alembic_version SET version_num = '0001x' WHERE version_num = (SELECT max(version_num) FROM alembic_version)",
            "UPDATE alembic_version SET version_num = (SELECT '{head}') WHERE version_num = '0001x'",
        ),
        (
            "INSERT INTO reference_data (name, version) VALUES ('catalog', 'other')",
            "DELETE FROM reference_data WHERE version = 'other'",
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_user_deleted_at'::regclass",
            "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'ix_user_deleted_at'::regclass",
        ),
    ],
)
def test_a_database_that_has_changed(
    settings: Settings, execute: Callable[[str], None], change: str, back: str
) -> None:
    startup_state.note_prepared(settings)
    head = json.loads((settings.instance_path / startup_state.FILE).read_text())["database"][0][-1]
    execute(change)
    try:
        assert not startup_state.is_prepared(settings)
    finally:
        execute(back.format(head=head))
    assert startup_state.is_prepared(settings)


def test_files_that_have_changed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    startup_state.note_prepared(settings)
    monkeypatch.setattr(startup_state, "SOURCES", startup_state.SOURCES[:1])
    assert not startup_state.is_prepared(settings)
    for pattern in startup_state.SOURCES:
        assert list(PROJECT_ROOT.glob(pattern))


@pytest.mark.parametrize("stamp", ["", "null", "{", "[]", '"x"', "\x00"])
def test_a_note_that_cannot_be_read(settings: Settings, stamp: str) -> None:
    (settings.instance_path / startup_state.FILE).write_text(stamp)
    assert not startup_state.is_prepared(settings)


def test_a_database_that_does_not_answer(settings: Settings) -> None:
    away = replace(settings, database_url="postgresql+psycopg2://nobody@127.0.0.1:1/none")
    startup_state.note_prepared(away)
    assert not startup_state.is_prepared(away)


def test_a_folder_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    away = replace(settings, instance_path=tmp_path / "absent")
    startup_state.note_prepared(away)
    assert not startup_state.is_prepared(away)


def test_looking_imports_no_program() -> None:
    code = "import sys, marketplace.launch, marketplace.startup_state; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert not {"flask", "sqlalchemy", "alembic", "marketplace.app"} & set(done.stdout.split())
