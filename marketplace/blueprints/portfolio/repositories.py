"""The SQL of portfolios."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, Select, Text, any_, column, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.blueprints.portfolio.contracts import PortfolioPicture, PortfolioShelf
from marketplace.blueprints.portfolio.ports import OwnPicture, PortfolioRepository, StoredPicture
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.kernel.errors import NotFound
from marketplace.kernel.media import MEDIA_PATH, media_url
from marketplace.models.accounts import User
from marketplace.models.performers import Performer
from marketplace.models.portfolio import PortfolioImage

_SHOWN: tuple[InstrumentedAttribute[Any], ...] = (
    PortfolioImage.id,
    PortfolioImage.key,
    PortfolioImage.thumbnail_key,
    PortfolioImage.width,
    PortfolioImage.height,
    PortfolioImage.caption,
)


class SqlPortfolioRepository(SqlRepository, PortfolioRepository, PortfolioShelf):
    """Pictures of performers' work."""

    def lock(self, performer_id: int) -> None:
        # A lock that leaves the key free: orders and other rows that refer to the performer need not wait.
        statement = (
            select(Performer.id)
            .join(User, User.id == Performer.user_id)
            .where(Performer.id == performer_id, User.deleted_at.is_(None))
            .with_for_update(of=Performer, key_share=True)
        )
        if self.session.scalar(statement) is None:
            raise NotFound

    def count(self, performer_id: int) -> int:
        statement = select(func.count()).where(PortfolioImage.performer_id == performer_id)
        return self.session.scalar(statement) or 0

    def add(self, performer_id: int, picture: StoredPicture, at: datetime) -> int:
        last = (
            select(func.coalesce(func.max(PortfolioImage.position), 0))
            .where(PortfolioImage.performer_id == performer_id)
            .scalar_subquery()
        )
        statement = (
            insert(PortfolioImage)
            .values(
                performer_id=performer_id,
                key=picture.key,
                width=picture.width,
                height=picture.height,
                caption=picture.caption,
                position=last + 1,
                created_at=at,
            )
            .returning(PortfolioImage.id)
        )
        return self.session.execute(statement).scalar_one()

    def list_public(self, performer_id: int) -> list[PortfolioPicture]:
        return [
            PortfolioPicture(
                id=row.id,
                url=MEDIA_PATH + row.key,
                thumbnail_url=media_url(row.thumbnail_key),
                width=row.width,
                height=row.height,
                caption=row.caption,
            )
            for row in self.session.execute(_pictures(performer_id))
        ]

    def list_own(self, performer_id: int) -> list[OwnPicture]:
        return [_own(row) for row in self.session.execute(_own_statement(performer_id))]

    def get_own(self, performer_id: int, image_id: int) -> OwnPicture:
        statement = _own_statement(performer_id).where(PortfolioImage.id == image_id)
        row = self.session.execute(statement).one_or_none()
        if row is None:
            raise NotFound
        return _own(row)

    def set_caption(self, performer_id: int, image_id: int, caption: str, expected: int | None) -> bool:
        statement = (
            update(PortfolioImage)
            .where(PortfolioImage.id == image_id, PortfolioImage.performer_id == performer_id)
            .values(caption=caption, version=PortfolioImage.version + 1)
            .returning(PortfolioImage.id)
        )
        if expected is not None:
            statement = statement.where(PortfolioImage.version == expected)
        return self.write(statement).scalar() is not None

    def remove(self, performer_id: int, image_id: int, expected: int | None) -> str | None:
        statement = (
            delete(PortfolioImage)
            .where(PortfolioImage.id == image_id, PortfolioImage.performer_id == performer_id)
            .returning(PortfolioImage.key)
        )
        if expected is not None:
            statement = statement.where(PortfolioImage.version == expected)
        return self.write(statement).scalar()

    def reorder(self, performer_id: int, ids: Sequence[int]) -> None:
        wanted = (
            func.unnest(array(ids, type_=BigInteger))
            .table_valued(column("image_id", BigInteger), with_ordinality="place", name="wanted")
            .render_derived()
        )
        statement = (
            update(PortfolioImage)
            .where(PortfolioImage.id == wanted.c.image_id, PortfolioImage.performer_id == performer_id)
            .values(position=wanted.c.place)
        )
        self.write(statement)

    def is_shown(self, key: str) -> bool:
        shown = (
            select(PortfolioImage.id)
            .join(Performer, Performer.id == PortfolioImage.performer_id)
            .join(User, User.id == Performer.user_id)
            .where(
                or_(PortfolioImage.key == key, PortfolioImage.thumbnail_key == key),
                Performer.status == "approved",
                User.deleted_at.is_(None),
            )
        )
        return self.session.scalar(shown.limit(1)) is not None

    def find_keys(self, image_id: int) -> tuple[str, str | None] | None:
        statement = select(PortfolioImage.key, PortfolioImage.thumbnail_key)
        row = self.session.execute(statement.where(PortfolioImage.id == image_id)).one_or_none()
        return None if row is None else (row.key, row.thumbnail_key)

    def find_key(self, image_id: int) -> str | None:
        return self.session.scalar(select(PortfolioImage.key).where(PortfolioImage.id == image_id))

    def set_thumbnail(self, image_id: int, key: str) -> int | None:
        statement = (
            update(PortfolioImage)
            .where(PortfolioImage.id == image_id)
            .values(thumbnail_key=key)
            .returning(PortfolioImage.performer_id)
        )
        return self.write(statement).scalar()

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        wanted = any_(array(keys, type_=Text))
        statement = select(PortfolioImage.key, PortfolioImage.thumbnail_key).where(
            or_(PortfolioImage.key == wanted, PortfolioImage.thumbnail_key == wanted)
        )
        return {key for row in self.session.execute(statement) for key in row if key is not None}

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The pictures of a user for an export; `file` is the address that serves the picture."""
        statement = (
            select(
                PortfolioImage.id,
                (MEDIA_PATH + PortfolioImage.key).label("file"),
                PortfolioImage.width,
                PortfolioImage.height,
                PortfolioImage.caption,
                PortfolioImage.created_at,
            )
            .join(Performer, Performer.id == PortfolioImage.performer_id)
            .where(Performer.user_id == user_id)
            .order_by(PortfolioImage.position, PortfolioImage.id)
        )
        return stream_rows(self.session, statement)

    def list_keys(self, user_id: int) -> list[tuple[int, str]]:
        """The id and key of each picture of a user, in their order."""
        statement = (
            select(PortfolioImage.id, PortfolioImage.key)
            .join(Performer, Performer.id == PortfolioImage.performer_id)
            .where(Performer.user_id == user_id)
            .order_by(PortfolioImage.position, PortfolioImage.id)
        )
        return [(image_id, key) for image_id, key in self.session.execute(statement)]

    def forget(self, user_id: int) -> list[str]:
        # The performer is locked first, to wait for anybody who is adding a picture.
        owned = select(Performer.id).where(Performer.user_id == user_id).with_for_update(key_share=True)
        performer_id = self.session.scalar(owned)
        statement = (
            delete(PortfolioImage)
            .where(PortfolioImage.performer_id == performer_id)
            .returning(PortfolioImage.key)
        )
        return list(self.write(statement).scalars())


def _pictures(performer_id: int) -> Select[Any]:
    return (
        select(*_SHOWN)
        .where(PortfolioImage.performer_id == performer_id)
        .order_by(PortfolioImage.position, PortfolioImage.id)
    )


def _own_statement(performer_id: int) -> Select[Any]:
    return _pictures(performer_id).add_columns(PortfolioImage.created_at, PortfolioImage.version)


def _own(row: Row[Any]) -> OwnPicture:
    return OwnPicture(
        id=row.id,
        url=MEDIA_PATH + row.key,
        thumbnail_url=media_url(row.thumbnail_key),
        width=row.width,
        height=row.height,
        caption=row.caption,
        created_at=row.created_at,
        version=row.version,
    )
