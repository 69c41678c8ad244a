"""The use cases of portfolios: a file is stored before a row names it, and deleted after the row is gone."""

import hashlib
import io
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import BinaryIO

from marketplace.blueprints.accounts.contracts import PictureAllowance
from marketplace.blueprints.portfolio.contracts import PerformerPortfolioChanged
from marketplace.blueprints.portfolio.errors import PortfolioFull
from marketplace.blueprints.portfolio.ports import OwnPicture, PortfolioRepository, StoredPicture
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, PreconditionFailed, Unavailable
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import FileStore, Pictures, PrivateLinks
from marketplace.outside.sweeping import sweep

FOLDER = "portfolio"
MAX_IMAGES = 30
SIDE = 1600
THUMBNAIL_SIDE = 400
"""Pixels of the longer side at most."""
CONTENT_TYPE = "image/webp"
THUMBNAIL_JOB = "performers.portfolio_thumbnail"
DELETE_JOB = "performers.portfolio_delete"


KIND = "portfolio"
WHOLE, THUMBNAIL = "whole", "thumbnail"
"""What a link opens: the whole picture, or its thumbnail."""


def thumbnail_key(key: str) -> str:
    """The key of the thumbnail of the picture `key`. It is always the same, so making the thumbnail twice
    leaves no second file, and whoever deletes the picture need not know whether there is one.
    """
    return f"{FOLDER}/{hashlib.sha256(key.encode()).hexdigest()[:32]}.webp"


class PortfolioService:
    """A performer's own pictures."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: PortfolioRepository,
        allowance: PictureAllowance,
        files: FileStore,
        pictures: Pictures,
        links: PrivateLinks,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._links = links
        self._allowance = allowance
        self._files = files
        self._pictures = pictures
        self._clock = clock

    def store(self, caller: Principal, picture: BinaryIO, caption: str) -> StoredPicture:
        """Encode `picture` anew and store it; no transaction is open meanwhile.

        Raises NotAPicture, PictureTooLarge, TooManyRequests, StorageFull, Unavailable, and PortfolioFull
        before any work.
        """
        with self._uow:
            self._check_room(own_performer_id(caller))
        self._allowance.spend(caller, self._pictures.look(picture))
        content = self._pictures.encode(picture, SIDE, caller.user_id)
        width, height = self._pictures.size_of(content)
        key = f"{FOLDER}/{secrets.token_hex(16)}.webp"
        self._files.put(key, content, CONTENT_TYPE)
        return StoredPicture(key, width, height, caption)

    def discard(self, stored: StoredPicture) -> None:
        """Delete a stored picture that got into no portfolio; if the storage is out of reach, the sweep
        deletes it later.
        """
        with suppress(Unavailable):
            self._files.delete(stored.key)

    def add(self, caller: Principal, stored: StoredPicture) -> OwnPicture:
        """Put it at the end of the portfolio; a job makes its thumbnail. Raises PortfolioFull."""
        performer_id = own_performer_id(caller)
        with self._uow:
            self._rows.lock(performer_id)
            self._check_room(performer_id)
            image_id = self._rows.add(performer_id, stored, self._clock.now())
            self._uow.enqueue(THUMBNAIL_JOB, {"image_id": image_id, "key": stored.key})
            self._uow.record(PerformerPortfolioChanged(performer_id=performer_id))
            return self._seen(caller, self._rows.get_own(performer_id, image_id))

    def list_own(self, caller: Principal) -> list[OwnPicture]:
        """The caller's pictures, in their order."""
        return [self._seen(caller, one) for one in self._rows.list_own(own_performer_id(caller))]

    def get_own(self, caller: Principal, image_id: int) -> OwnPicture:
        """Raises NotFound."""
        return self._seen(caller, self._rows.get_own(own_performer_id(caller), image_id))

    def set_caption(self, caller: Principal, image_id: int, caption: str, expected: int | None) -> OwnPicture:
        """An equal caption changes nothing. Raises NotFound, PreconditionFailed."""
        performer_id = own_performer_id(caller)
        with self._uow:
            found = self._rows.get_own(performer_id, image_id)
            if expected not in {None, found.version}:
                raise PreconditionFailed
            if found.caption == caption:
                return self._seen(caller, found)
            if not self._rows.set_caption(performer_id, image_id, caption, expected):
                raise PreconditionFailed
            self._uow.record(PerformerPortfolioChanged(performer_id=performer_id))
            return self._seen(caller, self._rows.get_own(performer_id, image_id))

    def remove(self, caller: Principal, image_id: int, expected: int | None) -> None:
        """Remove a picture; its files are deleted after the commit. Raises NotFound, PreconditionFailed."""
        performer_id = own_performer_id(caller)
        with self._uow:
            self._rows.lock(performer_id)
            self._rows.get_own(performer_id, image_id)
            key = self._rows.remove(performer_id, image_id, expected)
            if key is None:
                raise PreconditionFailed
            self._uow.enqueue(DELETE_JOB, {"keys": [key]})
            self._uow.record(PerformerPortfolioChanged(performer_id=performer_id))

    def reorder(self, caller: Principal, ids: Sequence[int]) -> list[OwnPicture]:
        """Raises Invalid unless `ids` are all pictures, each once, so that concurrent additions and removals
        are noticed.
        """
        performer_id = own_performer_id(caller)
        with self._uow:
            self._rows.lock(performer_id)
            present = [picture.id for picture in self._rows.list_own(performer_id)]
            if sorted(ids) != sorted(present):
                raise Invalid(errors={"json": {"ids": ["Name each of your pictures exactly once."]}})
            if list(ids) != present:
                self._rows.reorder(performer_id, ids)
                self._uow.record(PerformerPortfolioChanged(performer_id=performer_id))
            return [self._seen(caller, one) for one in self._rows.list_own(performer_id)]

    def _seen(self, caller: Principal, picture: OwnPicture) -> OwnPicture:
        """The performer's view: with links, as long as nobody else may see the picture."""
        if caller.performer_status == "approved":
            return picture
        small = picture.thumbnail_url
        return replace(
            picture,
            url=self._links.link(KIND, picture.id, WHOLE),
            thumbnail_url=None if small is None else self._links.link(KIND, picture.id, THUMBNAIL),
        )

    def _check_room(self, performer_id: int) -> None:
        if self._rows.count(performer_id) >= MAX_IMAGES:
            raise PortfolioFull(Text("At most {limit} pictures", limit=MAX_IMAGES))


class PortfolioFiles:
    """The background work on files. Each step may run twice."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: PortfolioRepository,
        files: FileStore,
        pictures: Pictures,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._files = files
        self._pictures = pictures
        self._clock = clock

    def make_thumbnail(self, image_id: int, key: str) -> None:
        """Make and show the thumbnail of a picture. If the picture is gone, no thumbnail is left.

        Raises StorageFull, Unavailable.
        """
        target = thumbnail_key(key)
        with self._uow:
            shown = self._rows.find_key(image_id) is not None
        content = self._files.get(key) if shown else None
        if content is not None:
            self._files.put(target, self._pictures.encode(io.BytesIO(content), THUMBNAIL_SIDE), CONTENT_TYPE)
            with self._uow:
                performer_id = self._rows.set_thumbnail(image_id, target)
                if performer_id is not None:
                    self._uow.record(PerformerPortfolioChanged(performer_id=performer_id))
            if performer_id is not None:
                return
        # The picture was removed, now or before an earlier try could finish.
        self._files.delete(target)

    def forget(self, user_id: int) -> None:
        """Remove the pictures of a user who is anonymised, and then their files."""
        keys = self._rows.forget(user_id)
        if keys:
            self._uow.enqueue(DELETE_JOB, {"keys": keys})

    def delete(self, keys: Sequence[str]) -> None:
        """Delete pictures and their thumbnails, if they exist. Raises Unavailable."""
        for key in keys:
            self._files.delete(key)
            self._files.delete(thumbnail_key(key))

    def sweep(self) -> int:
        """Delete files that no row names, left by broken requests; returns how many."""
        return sweep(self._uow, self._files, FOLDER, self._clock.now(), self._rows.keys_in_use)
