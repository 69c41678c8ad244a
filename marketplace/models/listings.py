"""Listings: the tables behind the public lists of performers and services.

Triggers of the database keep them (`refresh_listings`): a performer or service is here exactly while the
public may see it. Nothing else writes them.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base

NO_PRICE = 2**63 - 1
"""The price of a service without one: it comes last in lists by price."""


def _keys(table: str, identity: str, prefixes: tuple[str, ...]) -> tuple[Index, ...]:
    """One index for each order, below each combination of equal columns."""
    orders = {
        "newest": (text("created_at DESC"), text(f"{identity} DESC")),
        "score": (text("score DESC"), text(f"{identity} DESC")),
        "price": (text("price"), text(identity)),
    }
    found = []
    for prefix in prefixes:
        columns = prefix.split()
        within = "".join(f"_{column.removesuffix('_id')}" for column in columns)
        found += [Index(f"ix_{table}{within}_{name}", *columns, *key) for name, key in orders.items()]
    return tuple(found)


class PerformerListing(Base):
    """A public performer, with the columns that lists filter and order by. `category_ids` holds the
    categories and all above them, `price` is that of the cheapest service, `score` the prior-weighted mean in
    millionths of a star, `words` the text that `q` searches.
    """

    __tablename__ = "performer_listing"
    __table_args__ = (
        *_keys("performer_listing", "performer_id", ("", "city_id")),
        Index("ix_performer_listing_words", "words", postgresql_using="gin"),
    )

    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    city_id: Mapped[int]
    category_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    verified: Mapped[bool]
    rating_count: Mapped[int]
    rating_sum: Mapped[int]
    score: Mapped[int]
    price: Mapped[int]
    currency: Mapped[str | None]
    created_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(TSVECTOR)


class PerformerListingCategory(Base):
    """A public performer once for each category and each one above it, so that a list within a category is
    read in order.
    """

    __tablename__ = "performer_listing_category"
    __table_args__ = (
        *_keys("performer_listing_category", "performer_id", ("category_id", "category_id city_id")),
        Index("ix_performer_listing_category_performer_id", "performer_id"),
    )

    category_id: Mapped[int] = mapped_column(primary_key=True)
    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True
    )
    city_id: Mapped[int]
    score: Mapped[int]
    price: Mapped[int]
    created_at: Mapped[datetime]


class ServiceListing(Base):
    """A public service, with the columns of its performer that lists need."""

    __tablename__ = "service_listing"
    __table_args__ = (
        *_keys("service_listing", "service_id", ("", "city_id")),
        Index("ix_service_listing_performer_id", "performer_id"),
        Index("ix_service_listing_category_ids", "category_ids", postgresql_using="gin"),
        Index("ix_service_listing_words", "words", postgresql_using="gin"),
    )

    service_id: Mapped[int] = mapped_column(
        ForeignKey("service.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    performer_id: Mapped[int]
    city_id: Mapped[int]
    category_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    verified: Mapped[bool]
    rating_count: Mapped[int]
    rating_sum: Mapped[int]
    score: Mapped[int]
    price: Mapped[int]
    currency: Mapped[str | None]
    created_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(TSVECTOR)


class StaleListing(Base):
    """A performer whose listing waits for the worker, because too many changed at once."""

    __tablename__ = "stale_listing"

    performer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class SearchWord(Base):
    """A word that occurs in a listing, searchable by a part of it, its stem, or with typing errors.
    `stems` are prefixed with the language (`en:plumb`).
    """

    __tablename__ = "search_word"
    __table_args__ = (
        Index("ix_search_word_trgm", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
        Index("ix_search_word_stems", "stems", postgresql_using="gin"),
    )

    word: Mapped[str] = mapped_column(primary_key=True)
    stems: Mapped[list[str]] = mapped_column(ARRAY(Text))
