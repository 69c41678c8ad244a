"""The own profile; for a performer, edits of moderated fields wait for staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from marketplace.blueprints.accounts.changes import FREE_FIELDS, SUBJECT, Avatar
from marketplace.blueprints.accounts.contracts import UserProfileChanged
from marketplace.blueprints.accounts.ports.people import UserRepository
from marketplace.blueprints.moderation.contracts import ChangeRequests, ChangeView
from marketplace.kernel.changes import Attribute, apply, check_version, diff
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import User


@dataclass(frozen=True)
class Profile:
    """A user as the user sees it."""

    id: int
    username: str
    email: str | None
    email_verified: bool
    phone: str | None
    phone_verified: bool
    first_name: str
    last_name: str
    avatar_url: str | None
    locale: str
    timezone: str
    is_staff: bool
    is_active: bool
    date_joined: datetime
    version: int
    performer_id: int | None
    pending_changes: Sequence[ChangeView]

    @classmethod
    def of(cls, user: User, performer_id: int | None, pending: Sequence[ChangeView] = ()) -> Self:
        """The profile of `user` as it is now, with the edits that wait for staff."""
        return cls(
            id=user.id,
            username=user.username,
            email=user.email,
            email_verified=user.email_verified,
            phone=user.phone,
            phone_verified=user.phone_verified,
            first_name=user.first_name,
            last_name=user.last_name,
            avatar_url=media_url(user.avatar_key),
            locale=user.locale,
            timezone=user.timezone,
            is_staff=user.is_staff,
            is_active=user.is_active,
            date_joined=user.date_joined,
            version=user.version,
            performer_id=performer_id,
            pending_changes=pending,
        )


class ProfileService:
    """The own profile; for a performer, edits of moderated fields wait for staff."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        queue: ChangeRequests,
        moderated: Mapping[str, Attribute | Avatar],
    ) -> None:
        self._uow = uow
        self._users = users
        self._queue = queue
        self._moderated = moderated

    def get(self, caller: Principal) -> Profile:
        """The caller's own profile with its pending changes."""
        return self._profile(self._users.get(caller.user_id), caller.performer_id)

    def update(self, caller: Principal, values: Mapping[str, Any], expected: int | None) -> Profile:
        """Apply `values`; for a performer, those of moderated fields become change requests.

        Raises PreconditionFailed when the profile is no longer at version `expected`.
        """
        with self._uow:
            user = self._users.get(caller.user_id, lock=True)
            check_version(user.version, expected)
            moderated = self._moderated if caller.performer_id is not None else {}
            free = {**FREE_FIELDS, **self._moderated} if caller.performer_id is None else FREE_FIELDS
            changes = diff(user, {k: v for k, v in values.items() if k in free}, free)
            waiting = diff(user, {k: v for k, v in values.items() if k in moderated}, moderated)
            if changes:
                apply(user, changes, free)
                self._uow.record(UserProfileChanged(user_id=user.id))
            if waiting:
                self._queue.submit(SUBJECT, user.id, user.id, waiting)
                # Pending changes are part of the own profile, so its version must change with them.
                self._users.touch(user)
        return self._profile(user, caller.performer_id)

    def _profile(self, user: User, performer_id: int | None) -> Profile:
        pending = self._queue.pending(SUBJECT, user.id) if performer_id is not None else ()
        return Profile.of(user, performer_id, pending)
