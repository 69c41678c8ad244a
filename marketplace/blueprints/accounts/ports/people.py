"""Users and their sessions, and what staff does with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from marketplace.kernel.changes import Change
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User, UserSession


class UserRepository(Protocol):
    """Users who are not deleted, unless it says otherwise."""

    def add(self, user: User) -> None:
        """Store a new user; its id is set afterwards. Raises UsernameTaken and its like at the end of
        the unit of work.
        """
        ...

    def get(self, user_id: int, *, lock: bool = False) -> User:
        """Raises NotFound."""
        ...

    def find(self, user_id: int, *, lock: bool = False) -> User | None: ...

    def find_by_login(self, login: str, ip: str = "") -> User | None:
        """By username, e-mail address or phone in any form that sign-up takes. Of several that an unconfirmed
        address stands in as `find_holder`.
        """
        ...

    def find_holder(
        self, *, email: str | None = None, phone: str | None = None, ip: str = "", provable: bool = False
    ) -> User | None:
        """Whose an address (e-mail in either case, phone as E.164) is: the account's that confirmed it; else,
        of those that it merely stands in, one's that signed in from `ip`, else the newest's. `provable`
        leaves out those that having the address proves nothing for (policies.may_prove).
        """
        ...

    def is_confirmed(
        self, *, email: str | None = None, phone: str | None = None, besides: int | None = None
    ) -> bool:
        """Whether an account, deleted ones too, has confirmed the address."""
        ...

    def lock_with_rivals(self, user_id: int, *, email: str | None = None, phone: str | None = None) -> None:
        """Lock the user, deleted or not, and all in whose accounts the address stands, in the order of ids:
        of those who prove it at once each waits for the one before.
        """
        ...

    def release(self, *, email: str | None = None, phone: str | None = None, besides: int) -> None:
        """Take an unconfirmed address from all accounts but one."""
        ...

    def lapse(self, joined_before: datetime, at: datetime, limit: int) -> int:
        """Take unconfirmed addresses from users who joined before then and hold no token for it; returns
        from how many.
        """
        ...

    def performer_id_of(self, user_id: int) -> int | None: ...

    def touch(self, user: User) -> None:
        """Give the user a new version though none of its columns changes."""
        ...

    def set_password_hash(self, user_id: int, password_hash: str) -> None:
        """Without a new version: a rehash is no edit."""
        ...

    def is_avatar_shown(self, key: str) -> bool:
        """Whether an account that is not deleted shows it."""
        ...

    def avatars_in_use(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Those of `keys` that an account shows, that wait for staff, or that staff decided on after
        `since`: a decision may be taken back.
        """
        ...

    def lock_admins(self) -> set[int]:
        """The ids of the active admins, locked: whoever takes one away comes one after the other."""
        ...

    def lock_accounts(self, ids: Sequence[int]) -> list[User]:
        """Those of `ids` that exist, locked in the order of their ids."""
        ...

    def set_active(self, ids: Sequence[int], *, active: bool, reason: str | None, at: datetime) -> None:
        """Block or unblock all of `ids`, in one UPDATE."""
        ...

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        ...


@dataclass(frozen=True)
class SessionView:
    """A sign-in as its user sees it; `current` is the one that asks."""

    id: int
    device: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


class SessionRepository(Protocol):
    def add(self, session: UserSession) -> None: ...

    def find(self, session_id: int) -> UserSession | None:
        """Locked, so that parallel refreshes take turns."""
        ...

    def list_live(self, user_id: int, page: PageRequest, at: datetime, current: int) -> Page[SessionView]:
        """Newest first; without those of admins who act as the user."""
        ...

    def revoke(
        self, user_ids: Sequence[int], at: datetime, *, only: int | None = None, besides: int | None = None
    ) -> list[tuple[int, int]]:
        """End the live sessions of users (`only` one of them, or all `besides` one), in one UPDATE.
        Returns (user id, session id) of each that ended.
        """
        ...

    def knows_address(self, user_id: int, ip: str, since: datetime) -> bool:
        """Whether the user signed in from `ip` since then."""
        ...

    def find_principal(self, session_id: int, user_id: int, at: datetime) -> tuple[Principal, bool] | None:
        """The caller by the rights of this moment and whether the user is active; None without a live
        session. One query.
        """
        ...

    def alive(self, session_ids: set[int], at: datetime) -> set[int]:
        """Those of `session_ids` that still let their user in."""
        ...


@dataclass(frozen=True)
class UserView:
    """A user as staff sees one."""

    id: int
    username: str
    email: str | None
    email_verified: bool
    phone: str | None
    phone_verified: bool
    first_name: str
    last_name: str
    locale: str
    timezone: str
    roles: list[str]
    is_staff: bool
    is_active: bool
    blocked_reason: str | None
    blocked_at: datetime | None
    deleted_at: datetime | None
    date_joined: datetime
    second_factor: bool
    performer_id: int | None
    avatar_key: str | None

    @property
    def avatar_url(self) -> str | None:
        """Where the avatar is served."""
        return media_url(self.avatar_key)


@dataclass(frozen=True)
class UserSearch:
    """What staff looks for. `q` is in any part of name, username, e-mail or phone, each word of it."""

    q: str | None = None
    role: str | None = None
    is_staff: bool | None = None
    is_active: bool | None = None
    is_deleted: bool | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)


class UserDirectory(Protocol):
    """Reads for staff; deleted users too."""

    def list_users(self, search: UserSearch, page: PageRequest) -> Page[UserView]:
        """Newest first. Raises InvalidCursor."""
        ...

    def find(self, user_id: int) -> UserView | None: ...


@dataclass(frozen=True)
class SubmittedChange:
    """A change request as it was stored."""

    id: int
    field_name: str


class ChangeQueue(Protocol):
    """Where edits of moderated fields wait for staff."""

    def submit(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change]
    ) -> Sequence[object]: ...

    def pending(self, subject_type: str, subject_id: int) -> Sequence[object]: ...


class AuditLog(Protocol):
    """Where what staff did, and what touches the safety of an account, is kept."""

    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None: ...

    def write_many(
        self,
        action: str,
        subject_type: str,
        subjects: Sequence[tuple[int | None, Any, Any]],
        *,
        actor: Principal | None,
        reason: str | None = None,
    ) -> None:
        """One entry for each `(id, before, after)`."""
        ...
