"""The catalog: categories, cities, banners, services."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import KNOWN_ZONE, Base, CreatedAt, Id
from marketplace.database.folding import folded_index


def after_loading(version: int | None) -> int:
    """The next version of a row; rows that staff creates begin at 2, since 1 marks shipped data as loaded."""
    return (version or 1) + 1


class Category(Base):
    """A node of the tree of services; `names` maps languages to names, always with `en`."""

    __tablename__ = "category"
    __table_args__ = (
        CheckConstraint("names ? 'en'", name="names"),
        Index("uq_category_slug", "slug", unique=True),
        Index("ix_category_parent_id", "parent_id"),
    )

    id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    slug: Mapped[str]
    names: Mapped[dict[str, Any]]
    position: Mapped[int] = mapped_column(server_default="0")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version, "version_id_generator": after_loading}


class CategoryAlias(Base):
    """A former slug of a category: `category_id` is the category it leads to now, NULL when that was deleted.

    Shipped categories with such a slug are not loaded again.
    """

    __tablename__ = "category_alias"
    __table_args__ = (Index("ix_category_alias_category_id", "category_id"),)

    slug: Mapped[str] = mapped_column(primary_key=True)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]


class CategoryMerger(Base):
    """The id of a category merged into another: lists of the old category show the new one."""

    __tablename__ = "category_merger"
    __table_args__ = (Index("ix_category_merger_category_id", "category_id"),)

    former_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id", ondelete="CASCADE"))
    created_at: Mapped[CreatedAt]


class City(Base):
    """A city of GeoNames; `id` is its geonameid, `search_names` all its names, `folded_names` the same
    folded, for `q`; a trigger keeps it.
    """

    __tablename__ = "city"
    __table_args__ = (
        CheckConstraint(KNOWN_ZONE, name="timezone"),
        Index("ix_city_country_code", "country_code"),
        Index("ix_city_latitude", "latitude"),
        Index("ix_city_population", text("population DESC"), "id"),
        Index(
            "ix_city_folded_names",
            "folded_names",
            postgresql_using="gin",
            postgresql_ops={"folded_names": "gin_trgm_ops"},
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    ascii_name: Mapped[str]
    country_code: Mapped[str]
    admin1: Mapped[str] = mapped_column(server_default="")
    latitude: Mapped[float] = mapped_column(Double)
    longitude: Mapped[float] = mapped_column(Double)
    timezone: Mapped[str]
    population: Mapped[int]
    alternate_names: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    search_names: Mapped[str] = mapped_column(server_default="")
    folded_names: Mapped[str] = mapped_column(server_default="")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version, "version_id_generator": after_loading}


class Banner(Base):
    """An announcement shown at a placement, in one city or everywhere, between two times."""

    __tablename__ = "banner"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at", name="period"),
        Index("ix_banner_placement", "placement", "priority"),
        Index("ix_banner_city_id", "city_id"),
    )

    id: Mapped[Id]
    placement: Mapped[str]
    title: Mapped[str]
    image_url: Mapped[str | None]
    link_url: Mapped[str | None]
    city_id: Mapped[int | None] = mapped_column(ForeignKey("city.id"))
    priority: Mapped[int] = mapped_column(server_default="0")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}


class BannerCount(Base):
    """How often a banner was seen and clicked on a day (UTC). Counted in shards, so that people who see the
    same banner at once do not wait for one row; the figures are the sums.
    """

    __tablename__ = "banner_count"

    banner_id: Mapped[int] = mapped_column(ForeignKey("banner.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    views: Mapped[int] = mapped_column(server_default="0")
    clicks: Mapped[int] = mapped_column(server_default="0")


class Service(Base):
    """Something that a performer offers; the price is in minor units of its currency."""

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint("pricing IN ('fixed', 'hourly', 'quote')", name="pricing"),
        CheckConstraint("duration_minutes BETWEEN 5 AND 1440", name="duration"),
        CheckConstraint("(price_amount IS NULL) = (price_currency IS NULL)", name="price"),
        CheckConstraint("pricing = 'quote' OR price_amount IS NOT NULL", name="priced"),
        CheckConstraint("price_amount >= 0", name="price_not_negative"),
        Index("ix_service_performer_id", "performer_id"),
        Index("ix_service_category_id", "category_id", "is_active"),
        Index("ix_service_created_at", "created_at", "id"),
        folded_index("ix_service_folded_title", "text_fold(title)"),
        Index("ix_service_hidden", "created_at", "id", postgresql_where=text("hidden_at IS NOT NULL")),
    )

    id: Mapped[Id]
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    pricing: Mapped[str]
    price_amount: Mapped[int | None]
    price_currency: Mapped[str | None]
    duration_minutes: Mapped[int]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    deleted_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version, "eager_defaults": True}


class ReferenceData(Base):
    """The loaded version of each set of shipped data."""

    __tablename__ = "reference_data"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    loaded_at: Mapped[datetime] = mapped_column(server_default=func.now())
