"""Photos of reviews: a file is stored before a row names it, and deleted after the row is gone."""

import io
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from marketplace.blueprints.accounts.contracts import PictureAllowance
from marketplace.blueprints.reviews.errors import PhotosTooLarge
from marketplace.blueprints.reviews.policies import (
    MAX_PHOTO_PIXELS,
    PHOTO_FOLDER,
    PhotoSize,
    Reader,
    right_of,
)
from marketplace.blueprints.reviews.ports import (
    NewReview,
    PhotoRepository,
    SentPhoto,
    StoredPhoto,
)
from marketplace.blueprints.reviews.services.reviews import ReviewService
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, Unavailable
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import FileStore, Pictures, PrivateFile
from marketplace.outside.sweeping import sweep

SIDE = 1600
THUMBNAIL_SIDE = 400
"""Pixels of the longer side at most."""
CONTENT_TYPE = "image/webp"
DELETE_JOB = "reviews.delete_photos"


class PhotoService:
    """Takes the photos that come with a review."""

    def __init__(
        self, reviews: ReviewService, allowance: PictureAllowance, files: FileStore, pictures: Pictures
    ) -> None:
        self._reviews = reviews
        self._allowance = allowance
        self._files = files
        self._pictures = pictures

    def prepare(
        self, caller: Principal, order_id: int, values: Mapping[str, Any], photos: Sequence[SentPhoto]
    ) -> NewReview:
        """Check what was sent, and store the photos once all of them are good; no transaction is open
        meanwhile. No picture is decoded before the caller may write the review, and before all pictures were
        looked at and paid for.

        Raises what `ReviewService.check` raises, Invalid naming the file, PhotosTooLarge, TooManyRequests,
        StorageFull, Unavailable.
        """
        if not photos:
            return NewReview(values)
        self._reviews.check(caller, order_id, photos=True)
        work = sum(self._look(photo, number) for number, photo in enumerate(photos))
        if work > MAX_PHOTO_PIXELS:
            raise PhotosTooLarge(errors={"files": {"photos": [PhotosTooLarge.title]}})
        self._allowance.spend(caller, work)
        encoded = [self._encode(photo, number, caller) for number, photo in enumerate(photos)]
        with ExitStack() as undo:
            stored = []
            for content, thumbnail in encoded:
                one = StoredPhoto(_new_key(), _new_key(), *self._pictures.size_of(content))
                undo.callback(self._delete, one)
                self._files.put(one.key, content, CONTENT_TYPE)
                self._files.put(one.thumbnail_key, thumbnail, CONTENT_TYPE)
                stored.append(one)
            undo.pop_all()
        return NewReview(values, stored)

    def discard(self, review: NewReview) -> None:
        """Delete the photos of a review that was refused; if the storage is out of reach, the sweep deletes
        them later.
        """
        for photo in review.photos:
            self._delete(photo)

    def _look(self, photo: SentPhoto, number: int) -> int:
        try:
            return self._pictures.look(photo.stream)
        except Invalid as error:
            raise _named(error, number) from None

    def _encode(self, photo: SentPhoto, number: int, caller: Principal) -> tuple[bytes, bytes]:
        try:
            content = self._pictures.encode(photo.stream, SIDE, caller.user_id)
        except Invalid as error:
            raise _named(error, number) from None
        return content, self._pictures.encode(io.BytesIO(content), THUMBNAIL_SIDE)

    def _delete(self, photo: StoredPhoto) -> None:
        with suppress(Unavailable):
            self._files.delete(photo.key)
            self._files.delete(photo.thumbnail_key)


class PhotoFiles:
    """Who may open a photo, and the background work on the files."""

    def __init__(self, uow: UnitOfWork, photos: PhotoRepository, files: FileStore, clock: Clock) -> None:
        self._uow = uow
        self._photos = photos
        self._files = files
        self._clock = clock

    def is_shown(self, key: str) -> bool:
        """Whether everybody may see a file: that of a published review that is not hidden, of a performer who
        is approved and has not left.
        """
        with self._uow:
            return self._photos.is_shown(key)

    def find_file(self, photo_id: int, right: str) -> PrivateFile | None:
        """The file that a link opens; what was given to a party opens no photo of a hidden review."""
        reader, size = right_of(right)
        with self._uow:
            found = self._photos.find(photo_id)
        if found is None or (found.hidden and reader is not Reader.STAFF):
            return None
        key = found.key if size is PhotoSize.WHOLE else found.thumbnail_key
        return PrivateFile(key, CONTENT_TYPE, f"review-photo-{photo_id}.webp")

    def forget(self, user_id: int) -> None:
        """Remove the photos of a user who is anonymised, and then their files; the reviews stay."""
        keys = self._photos.forget(user_id)
        if keys:
            self._uow.enqueue(DELETE_JOB, {"keys": keys})

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files, if they exist. Raises Unavailable."""
        for key in keys:
            self._files.delete(key)

    def sweep(self) -> int:
        """Delete files that no row names, left by broken requests; returns how many."""
        return sweep(self._uow, self._files, PHOTO_FOLDER, self._clock.now(), self._photos.keys_in_use)


def _new_key() -> str:
    return f"{PHOTO_FOLDER}/{secrets.token_hex(16)}.webp"


def _named(error: Invalid, number: int) -> Invalid:
    """The error, which names the photo that it is about."""
    error.data["errors"] = {"files": {"photos": {number: [error.title]}}}
    return error
