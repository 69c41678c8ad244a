"""Stores the images of banners, and deletes those that no banner shows."""

import secrets
from typing import BinaryIO

from marketplace.blueprints.accounts.contracts import PictureAllowance
from marketplace.blueprints.banners.ports import BannerRepository
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import FileStore, Pictures
from marketplace.outside.sweeping import sweep

FOLDER = "banners"
SIDE = 1920
"""The longest side in pixels; a screen shows no more of a banner."""
CONTENT_TYPE = "image/webp"


class BannerFiles:
    """The images of banners in the storage."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: BannerRepository,
        allowance: PictureAllowance,
        files: FileStore,
        pictures: Pictures,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._allowance = allowance
        self._files = files
        self._pictures = pictures
        self._clock = clock

    def store(self, actor: Principal, picture: BinaryIO) -> str:
        """The key of the stored file; `picture` is encoded anew.

        Raises NotAPicture, PictureTooLarge, TooManyRequests, StorageFull, Unavailable.
        """
        self._allowance.spend(actor, self._pictures.look(picture))
        content = self._pictures.encode(picture, SIDE, actor.user_id)
        key = f"{FOLDER}/{secrets.token_hex(16)}.webp"
        self._files.put(key, content, CONTENT_TYPE)
        return key

    def delete(self, key: str) -> None:
        """Delete an image, if it exists."""
        self._files.delete(key)

    def sweep(self) -> int:
        """Delete files that no banner shows, left by broken requests; returns how many."""
        return sweep(self._uow, self._files, FOLDER, self._clock.now(), self._rows.images_shown)
