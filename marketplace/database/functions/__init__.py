"""The functions in the database: each in a file of its name, with the triggers that call it."""

from pathlib import Path

from sqlalchemy import DDL

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """All names, in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.sql"))


def read(name: str) -> str:
    """The SQL that installs or replaces it: comment, function, triggers."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def install(*wanted: str) -> DDL:
    """The statements of a migration that adds or changes functions. The tables of their triggers exist.

    Bodies are not checked: functions come in any order, and one that a later migration has changed may name
    columns that only that migration adds.
    """
    return literal("\n".join(["SET LOCAL check_function_bodies = off;", *map(read, wanted)]))


def literal(sql: str) -> DDL:
    """Statements taken literally: a colon begins no parameter, and a percent sign is only a percent sign."""
    sql = sql.strip().removesuffix(";").replace("%", "%%")
    return DDL(sql)  # type: ignore[no-untyped-call]  # SQLAlchemy has no types there
