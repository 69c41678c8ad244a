"""Bulk updates: many rows, each with values of its own, in one UPDATE."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import DateTime, cast, column, update, values
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from marketplace.database.base import Base
from marketplace.kernel.bulk import moment

IN_DATABASE_ALONE = {"synchronize_session": False}
"""Options of a statement that leaves loaded objects unchanged."""


def bulk_update(session: Session, entity: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Give each row of `entity` the values of the one of `rows` with its `id`; all have the same columns.
    Where rows have a version, they get a new one.
    """
    if not rows:
        return
    table = entity.__table__
    names = list(rows[0])
    given = values(*(column(name, table.c[name].type) for name in names), name="given").data(
        [tuple(row[name] for name in names) for row in rows]
    )
    # PostgreSQL takes the literals of VALUES for text, even where a column has another type.
    wanted: dict[str, Any] = {name: cast(given.c[name], table.c[name].type) for name in names if name != "id"}
    if "version" in table.c:
        wanted["version"] = table.c.version + 1
    statement = update(entity).where(table.c.id == cast(given.c.id, table.c.id.type)).values(wanted)
    session.execute(statement, execution_options=IN_DATABASE_ALONE)
    expire_loaded(session, entity, [row["id"] for row in rows])


def bulk_restore(session: Session, entity: type[Base], states: Mapping[int, Mapping[str, Any]]) -> None:
    """Give rows of `entity`, by id, the values that `kernel.bulk.state` wrote."""
    columns = entity.__table__.c
    bulk_update(
        session,
        entity,
        [
            {"id": one}
            | {
                name: moment(value) if isinstance(columns[name].type, DateTime) else value
                for name, value in values.items()
            }
            for one, values in states.items()
        ],
    )


def expire_loaded(session: Session, entity: type[Base], ids: Iterable[int]) -> None:
    """Reload the loaded objects of these rows: a statement has changed the rows in the database."""
    for one in ids:
        loaded = session.identity_map.get(identity_key(entity, one))
        if loaded is not None:
            session.expire(loaded)
