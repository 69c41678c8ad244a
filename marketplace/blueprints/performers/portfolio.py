"""The portfolio: stored before a row shows a picture, and deleted after none does."""

import hashlib
import io
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import BinaryIO

from marketplace.blueprints.performers.certificate_ports import Allowance
from marketplace.blueprints.performers.errors import PortfolioFull
from marketplace.blueprints.performers.events import PerformerPortfolioChanged
from marketplace.blueprints.performers.policies import own_performer_id
from marketplace.blueprints.performers.portfolio_ports import (
    FileStore,
    Links,
    OwnPicture,
    Pictures,
    PortfolioRepository,
    StoredPicture,
)
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, PreconditionFailed, Unavailable
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

FOLDER = "portfolio"
MAX_IMAGES = 30
SIDE = 1600
THUMBNAIL_SIDE = 400
"""Pixels of the longer side at most."""
CONTENT_TYPE = "image/webp"
THUMBNAIL_JOB = "performers.portfolio_thumbnail"
DELETE_JOB = "performers.portfolio_delete"
LEFT_ALONE = timedelta(days=1)
"""A file that no row names yet may belong to a request that is under way."""
BATCH = 500


KIND = "portfolio"
WHOLE, THUMBNAIL = "whole", "thumbnail"
"""What a link of that kind opens."""


def thumbnail_key(key: str) -> str:
    """Where the thumbnail of the picture `key` is kept: always the same place, so that making it twice
    leaves no second file, and whoever deletes the picture need not know whether there is one.
    """
    return f"{FOLDER}/{hashlib.sha256(key.encode()).hexdigest()[:32]}.webp"


class PortfolioService:
    """The own pictures."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: PortfolioRepository,
        allowance: Allowance,
        files: FileStore,
        pictures: Pictures,
        links: Links,
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
        """Forget a stored picture that got into no portfolio; one out of reach is swept away later."""
        with suppress(Unavailable):
            self._files.delete(stored.key)

    def add(self, caller: Principal, stored: StoredPicture) -> OwnPicture:
        """Put it at the end of the portfolio; its thumbnail follows. Raises PortfolioFull."""
        performer_id = own_performer_id(caller)
        with self._uow:
            self._rows.lock(performer_id)
            self._check_room(performer_id)
            image_id = self._rows.add(performer_id, stored, self._clock.now())
            self._uow.enqueue(THUMBNAIL_JOB, {"image_id": image_id, "key": stored.key})
            self._uow.record(PerformerPortfolioChanged(performer_id=performer_id))
            return self._seen(caller, self._rows.get_own(performer_id, image_id))

    def list_own(self, caller: Principal) -> list[OwnPicture]:
        """In their order."""
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
        """The files go after the commit. Raises NotFound, PreconditionFailed."""
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
        """Raises Invalid unless `ids` are all pictures, each once: what was added or taken away meanwhile is
        noticed.
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
        """As its performer sees it: by links, as long as nobody else may see it."""
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
            raise PortfolioFull(f"At most {MAX_IMAGES} pictures")


class PortfolioFiles:
    """What happens to the files in the background. Each step may run twice."""

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
        """Make and show the thumbnail of a picture; of one that is gone none is left.

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
        # The picture went, now or before an earlier try could finish.
        self._files.delete(target)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete pictures and their thumbnails, as far as they are there. Raises Unavailable."""
        for key in keys:
            self._files.delete(key)
            self._files.delete(thumbnail_key(key))

    def sweep(self) -> int:
        """Delete the files that no row names, of requests that broke off; returns how many."""
        before = self._clock.now() - LEFT_ALONE
        old = (file.key for file in self._files.list_files(FOLDER) if file.changed_at < before)
        count = 0
        while keys := list(islice(old, BATCH)):
            with self._uow:
                used = self._rows.keys_in_use(keys)
            for key in set(keys) - used:
                self._files.delete(key)
                count += 1
        return count
