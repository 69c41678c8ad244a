"""Professionals: the profile, its categories, and its favourite marks."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.database.base import KNOWN_ZONE, Base, CreatedAt, Id
from marketplace.database.folding import folded_index
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, City, Service


class PerformerCategory(Base):
    """A category that a performer works in."""

    __tablename__ = "performer_category"
    __table_args__ = (Index("ix_performer_category_category_id", "category_id", "performer_id"),)

    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True
    )
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), primary_key=True)


class Favourite(Base):
    """A performer whom a user has marked as a favourite."""

    __tablename__ = "favourite"
    __table_args__ = (
        Index("ix_favourite_performer_id", "performer_id"),
        Index("ix_favourite_user_id", "user_id", text("created_at DESC"), text("performer_id DESC")),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[CreatedAt]


class Performer(Base):
    """A user's professional profile. The rating figures are kept by the transaction that publishes
    or hides a review: `rating_histogram` counts the reviews with 1 to 5 stars, `aspect_counts` and
    `aspect_sums` count those that rate each of `kernel.ratings.ASPECTS`, and add them up.
    """

    __tablename__ = "performer"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'rejected', 'suspended')", name="status"),
        CheckConstraint("cardinality(rating_histogram) = 5", name="rating_histogram"),
        CheckConstraint("cardinality(aspect_counts) = 3", name="aspect_counts"),
        CheckConstraint("cardinality(aspect_sums) = 3", name="aspect_sums"),
        CheckConstraint("experience_years BETWEEN 0 AND 80", name="experience_years"),
        CheckConstraint(KNOWN_ZONE, name="timezone"),
        Index("uq_performer_user_id", "user_id", unique=True),
        Index("ix_performer_active_status_verified", "active", "status", "verified"),
        Index("ix_performer_city_id", "city_id"),
        Index("ix_performer_created_at", "created_at"),
        folded_index("ix_performer_folded_headline", "text_fold(headline)"),
        Index("ix_performer_pending", "created_at", postgresql_where=text("status = 'pending'")),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    city_id: Mapped[int] = mapped_column(ForeignKey("city.id"))
    headline: Mapped[str]
    about: Mapped[str] = mapped_column(server_default="")
    address: Mapped[dict[str, Any]]
    timezone: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    experience_years: Mapped[int | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    status_reason: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    verified: Mapped[bool] = mapped_column(server_default=text("false"))
    rating_count: Mapped[int] = mapped_column(server_default="0")
    rating_sum: Mapped[int] = mapped_column(server_default="0")
    rating_histogram: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), server_default=text("'{0,0,0,0,0}'")
    )
    aspect_counts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{0,0,0}'"))
    aspect_sums: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{0,0,0}'"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(server_default="1")

    user: Mapped[User] = relationship(lazy="raise")
    city: Mapped[City] = relationship(lazy="raise")
    categories: Mapped[list[Category]] = relationship(
        secondary=PerformerCategory.__table__, lazy="raise", order_by=Category.id
    )
    services: Mapped[list[Service]] = relationship(lazy="raise", viewonly=True)

    __mapper_args__ = {"version_id_col": version, "eager_defaults": True}

    @property
    def category_ids(self) -> list[int]:
        """The ids of the categories, in ascending order."""
        return sorted(category.id for category in self.categories)
