"""The declarative base: naming convention and column types that every table shares."""

from datetime import date, datetime, time
from typing import Annotated, Any

from sqlalchemy import BigInteger, Date, DateTime, Identity, MetaData, Text, Time, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of all entities. Integers are bigint, times are aware, text has no length (checks bound
    it).
    """

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        date: Date,
        time: Time,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


KNOWN_ZONE = "timezone(timezone, 'epoch'::timestamptz) IS NOT NULL"
"""A check of a column `timezone`: an unknown zone is an error when it is stored, not when it is read."""
Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now())]
