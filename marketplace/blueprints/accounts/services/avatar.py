"""The avatar: a picture that is stored before the account shows it, and swept away when none does."""

import secrets
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import BinaryIO

from marketplace.blueprints.accounts.ports import FileStore, Pictures, UserRepository
from marketplace.blueprints.accounts.services.allowance import PictureAllowance
from marketplace.blueprints.accounts.services.profile import Profile, ProfileService
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Unavailable
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.transactions import UnitOfWork

FOLDER = "avatars"
SIDE = 512
"""Pixels; what a profile shows at most."""
CONTENT_TYPE = "image/webp"
LEFT_ALONE = timedelta(days=1)
"""A file that nobody shows yet may belong to a request that is under way."""
BATCH = 500


class AvatarService:
    """Set, removed, swept."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        profile: ProfileService,
        allowance: PictureAllowance,
        files: FileStore,
        pictures: Pictures,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._profile = profile
        self._allowance = allowance
        self._files = files
        self._pictures = pictures
        self._clock = clock

    def set(self, caller: Principal, picture: BinaryIO, expected: int | None) -> Profile:
        """Show `picture`; for a performer it waits for staff. No transaction is open while it is worked on
        and stored. The file of a request that is refused is deleted; whether one that ended by Unavailable
        was stored nobody knows, and it is left to the sweep.

        Raises NotAPicture, PictureTooLarge, TooManyRequests, StorageFull, Unavailable, PreconditionFailed.
        """
        self._allowance.spend(caller, self.look(picture))
        key = self.store(self.encode(picture, caller.user_id))
        try:
            return self._profile.update(caller, {"avatar": media_url(key)}, expected)
        except Unavailable:
            raise
        except AppError:
            self.discard(key)
            raise

    def look(self, picture: BinaryIO) -> int:
        """How much work it is, in pixels. Raises NotAPicture, PictureTooLarge."""
        return self._pictures.look(picture)

    def encode(self, picture: BinaryIO, owner: int) -> bytes:
        """What is kept of `picture`. Raises NotAPicture, PictureTooLarge, TooManyRequests, Unavailable."""
        return self._pictures.encode(picture, SIDE, owner)

    def store(self, content: bytes) -> str:
        """The key of the file, which is swept away unless it is shown. Raises StorageFull, Unavailable."""
        key = f"{FOLDER}/{secrets.token_hex(16)}.webp"
        self._files.put(key, content, CONTENT_TYPE)
        return key

    def discard(self, key: str) -> None:
        """Delete a stored file that is not shown after all; one out of reach is swept away later."""
        with suppress(Unavailable):
            self._files.delete(key)

    def show(self, caller: Principal, key: str) -> None:
        """Make a stored file the avatar, as `set` does."""
        self._profile.update(caller, {"avatar": media_url(key)}, None)

    def remove(self, caller: Principal, expected: int | None) -> Profile:
        """Show none. Raises PreconditionFailed."""
        return self._profile.update(caller, {"avatar": None}, expected)

    def is_shown(self, key: str) -> bool:
        """Whether everybody may see it: not while it waits for staff, nor once staff has refused it."""
        with self._uow:
            return self._users.is_avatar_shown(key)

    def is_waiting(self, key: str) -> bool:
        """Whether staff and its owner may see it: it is shown, waits, or was decided on a day ago at most."""
        with self._uow:
            return key in self._users.avatars_in_use([key], self._clock.now() - LEFT_ALONE)

    def sweep(self) -> int:
        """Delete the files that no account shows and staff does not look at; returns how many."""
        before = self._clock.now() - LEFT_ALONE
        old = (file.key for file in self._files.list_files(FOLDER) if file.changed_at < before)
        count = 0
        while keys := list(islice(old, BATCH)):
            with self._uow:
                used = self._users.avatars_in_use(keys, before)
            for key in set(keys) - used:
                self._files.delete(key)
                count += 1
        return count
