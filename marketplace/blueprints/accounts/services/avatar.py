"""The avatar: a picture that is stored before the account shows it, and swept away when no account does."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from marketplace.blueprints.accounts.contracts import Avatars, PictureAllowance
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.accounts.services.profile import Profile, ProfileService
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Unavailable
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import FileStore, Pictures
from marketplace.outside.sweeping import LEFT_ALONE, sweep

FOLDER = "avatars"
SIDE = 512
"""The longest side in pixels; a profile shows no more."""
CONTENT_TYPE = "image/webp"


class AvatarService(Avatars):
    """Sets, removes and sweeps avatars."""

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
        """Show `picture`; for a performer it waits for staff. No transaction is open while it is encoded and
        stored. The file of a refused request is deleted. After Unavailable it is unknown whether the file was
        stored, so it is left to the sweep.

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
        return self._pictures.look(picture)

    def encode(self, picture: BinaryIO, owner: int) -> bytes:
        return self._pictures.encode(picture, SIDE, owner)

    def store(self, content: bytes) -> str:
        key = f"{FOLDER}/{secrets.token_hex(16)}.webp"
        self._files.put(key, content, CONTENT_TYPE)
        return key

    def discard(self, key: str) -> None:
        with suppress(Unavailable):
            self._files.delete(key)

    def show(self, caller: Principal, key: str) -> None:
        self._profile.update(caller, {"avatar": media_url(key)}, None)

    def remove(self, caller: Principal, expected: int | None) -> Profile:
        """Show no avatar. Raises PreconditionFailed."""
        return self._profile.update(caller, {"avatar": None}, expected)

    def is_shown(self, key: str) -> bool:
        """Whether everybody may see it: not while it waits for staff, nor after staff has refused it."""
        with self._uow:
            return self._users.is_avatar_shown(key)

    def is_waiting(self, key: str) -> bool:
        """Whether staff and the owner may see it: it is shown, it waits, or staff decided on it at most a day
        ago.
        """
        with self._uow:
            return key in self._users.avatars_in_use([key], self._clock.now() - LEFT_ALONE)

    def sweep(self) -> int:
        """Delete files that no account shows and staff does not look at; returns how many."""
        now = self._clock.now()

        def in_use(keys: Sequence[str]) -> set[str]:
            return self._users.avatars_in_use(keys, now - LEFT_ALONE)

        return sweep(self._uow, self._files, FOLDER, now, in_use)
