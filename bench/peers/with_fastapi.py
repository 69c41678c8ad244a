"""The same page by FastAPI, SQLAlchemy's asyncio, asyncpg and pydantic, as their guides write it: mapped
classes, eager loading, a response model. `/entities` loads entities, `/columns` the columns of one statement.

    BENCH_DSN=... bench/.venv/bin/uvicorn bench.peers.with_fastapi:app
"""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlalchemy import BigInteger, ForeignKey, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, selectinload

engine = create_async_engine(os.environ["BENCH_DSN"], pool_size=20, max_overflow=10)
sessions = async_sessionmaker(engine, expire_on_commit=False)
MIN_SHOWN_REVIEWS = 3


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger}


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    avatar_key: Mapped[str | None]


class City(Base):
    __tablename__ = "city"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    country_code: Mapped[str]


class PerformerCategory(Base):
    __tablename__ = "performer_category"
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id"), primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), primary_key=True)


class Category(Base):
    __tablename__ = "category"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str]
    names: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_active: Mapped[bool]


class Performer(Base):
    __tablename__ = "performer"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    city_id: Mapped[int] = mapped_column(ForeignKey("city.id"))
    headline: Mapped[str]
    user: Mapped[User] = relationship()
    city: Mapped[City] = relationship()
    categories: Mapped[list[Category]] = relationship(secondary="performer_category")


class Listing(Base):
    __tablename__ = "performer_listing"
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id"), primary_key=True)
    verified: Mapped[bool]
    rating_count: Mapped[int]
    rating_sum: Mapped[int]
    price: Mapped[int]
    currency: Mapped[str | None]
    created_at: Mapped[datetime]
    performer: Mapped[Performer] = relationship()


class InCategory(Base):
    __tablename__ = "performer_listing_category"
    category_id: Mapped[int] = mapped_column(primary_key=True)
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer_listing.performer_id"), primary_key=True)
    city_id: Mapped[int]
    created_at: Mapped[datetime]


class PersonOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    first_name: str
    last_name: str
    avatar_url: str | None


class CityOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    country_code: str


class CategoryOut(BaseModel):
    id: int
    slug: str
    name: str


class MoneyOut(BaseModel):
    amount: int
    currency: str


class CardOut(BaseModel):
    id: int
    user: PersonOut
    headline: str
    city: CityOut
    categories: list[CategoryOut]
    verified: bool
    rating: float | None
    rating_count: int
    price_from: MoneyOut | None
    distance_km: float | None
    created_at: datetime


class PageOut(BaseModel):
    items: list[CardOut]
    next: list[datetime | int] | None
    previous: str | None


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]
CATEGORIES = TypeAdapter(list[CategoryOut])
app = FastAPI()


def rating(count: int, total: int) -> float | None:
    return round(total / count, 2) if count >= MIN_SHOWN_REVIEWS else None


@app.get("/entities")
async def by_entities(session: Session, city_id: int, category_id: int, limit: int = 20) -> PageOut:
    """Entities with their relations loaded at once."""
    statement = (
        select(Listing)
        .join(InCategory, InCategory.performer_id == Listing.performer_id)
        .where(InCategory.category_id == category_id, InCategory.city_id == city_id)
        .order_by(InCategory.created_at.desc(), InCategory.performer_id.desc())
        .limit(limit + 1)
        .options(
            joinedload(Listing.performer).options(
                joinedload(Performer.user), joinedload(Performer.city), selectinload(Performer.categories)
            )
        )
    )
    found = (await session.scalars(statement)).all()
    items = [
        CardOut(
            id=row.performer_id,
            user=PersonOut(
                id=row.performer.user.id,
                first_name=row.performer.user.first_name,
                last_name=row.performer.user.last_name[:1],
                avatar_url=row.performer.user.avatar_key,
            ),
            headline=row.performer.headline,
            city=CityOut.model_validate(row.performer.city),
            categories=[
                CategoryOut(id=c.id, slug=c.slug, name=c.names["en"])
                for c in row.performer.categories
                if c.is_active
            ],
            verified=row.verified,
            rating=rating(row.rating_count, row.rating_sum),
            rating_count=row.rating_count,
            price_from=MoneyOut(amount=row.price, currency=row.currency) if row.currency else None,
            distance_km=None,
            created_at=row.created_at,
        )
        for row in found[:limit]
    ]
    last = found[limit - 1] if len(found) > limit else None
    return PageOut(items=items, next=[last.created_at, last.performer_id] if last else None, previous=None)


SQL = text("""
    SELECT found.performer_id, p.user_id, u.first_name, left(u.last_name, 1) AS initial, u.avatar_key,
           p.headline, l.city_id, c.name AS city_name, c.country_code, l.verified, l.rating_count,
           l.rating_sum, l.created_at, l.price, l.currency, (
               SELECT json_agg(json_build_object('id', k.id, 'slug', k.slug, 'name', k.names ->> 'en')
                               ORDER BY k.id)::text
               FROM performer_category pc
               CROSS JOIN LATERAL (SELECT * FROM category WHERE id = pc.category_id OFFSET 0) AS k
               WHERE pc.performer_id = found.performer_id AND k.is_active) AS categories
    FROM (
        SELECT performer_id, created_at FROM performer_listing_category
        WHERE category_id = :category_id AND city_id = :city_id
        ORDER BY created_at DESC, performer_id DESC LIMIT :rows
    ) AS found
    JOIN performer_listing l ON l.performer_id = found.performer_id
    JOIN performer p ON p.id = found.performer_id
    JOIN "user" u ON u.id = p.user_id
    JOIN city c ON c.id = l.city_id
    ORDER BY found.created_at DESC, found.performer_id DESC""")


@app.get("/columns")
async def by_columns(session: Session, city_id: int, category_id: int, limit: int = 20) -> PageOut:
    """The columns of one statement, which is the fastest that SQLAlchemy gives here."""
    rows = (
        await session.execute(SQL, {"category_id": category_id, "city_id": city_id, "rows": limit + 1})
    ).all()
    items = [
        CardOut(
            id=row.performer_id,
            user=PersonOut(
                id=row.user_id, first_name=row.first_name, last_name=row.initial, avatar_url=row.avatar_key
            ),
            headline=row.headline,
            city=CityOut(id=row.city_id, name=row.city_name, country_code=row.country_code),
            categories=CATEGORIES.validate_json(row.categories or "[]"),
            verified=row.verified,
            rating=rating(row.rating_count, row.rating_sum),
            rating_count=row.rating_count,
            price_from=MoneyOut(amount=row.price, currency=row.currency) if row.currency else None,
            distance_km=None,
            created_at=row.created_at,
        )
        for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return PageOut(items=items, next=[last.created_at, last.performer_id] if last else None, previous=None)
