"""The own profile; once there is a performer profile, moderated fields wait for staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.blueprints.accounts.changes import FREE_FIELDS, MODERATED_FIELDS, SUBJECT
from marketplace.blueprints.accounts.events import UserProfileChanged
from marketplace.blueprints.accounts.ports import ChangeQueue, UserRepository
from marketplace.kernel.changes import apply, diff
from marketplace.kernel.errors import PreconditionFailed
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import User


@dataclass(frozen=True)
class Profile:
    """A user as the user sees it."""

    user: User
    performer_id: int | None
    pending_changes: Sequence[object] = ()

    @property
    def avatar_url(self) -> str | None:
        """Where the avatar is served."""
        return media_url(self.user.avatar_key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.user, name)


class ProfileService:
    """The own profile; once there is a performer profile, moderated fields wait for staff."""

    def __init__(self, uow: UnitOfWork, users: UserRepository, queue: ChangeQueue) -> None:
        self._uow = uow
        self._users = users
        self._queue = queue

    def get(self, caller: Principal) -> Profile:
        """The caller's own profile with what is pending."""
        return self._profile(self._users.get(caller.user_id), caller.performer_id)

    def update(self, caller: Principal, values: Mapping[str, Any], expected: int | None) -> Profile:
        """Apply `values`; those of moderated fields become change requests for a performer.

        Raises PreconditionFailed when the profile is no longer at version `expected`.
        """
        with self._uow:
            user = self._users.get(caller.user_id, lock=True)
            if expected is not None and user.version != expected:
                raise PreconditionFailed
            moderated = MODERATED_FIELDS if caller.performer_id is not None else {}
            free = (FREE_FIELDS | MODERATED_FIELDS) if caller.performer_id is None else FREE_FIELDS
            changes = diff(user, {k: v for k, v in values.items() if k in free}, free)
            waiting = diff(user, {k: v for k, v in values.items() if k in moderated}, moderated)
            if changes:
                apply(user, changes, free)
                self._uow.record(UserProfileChanged(user_id=user.id))
            if waiting:
                self._queue.submit(SUBJECT, user.id, user.id, waiting)
                # What is pending is part of the own profile: whoever read it before must read it again.
                self._users.touch(user)
        return self._profile(user, caller.performer_id)

    def _profile(self, user: User, performer_id: int | None) -> Profile:
        pending = self._queue.pending(SUBJECT, user.id) if performer_id is not None else ()
        return Profile(user, performer_id, pending)
