"""Interfaces for users and their sessions, and for what staff does with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from marketplace.blueprints.accounts.contracts import Users
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User, UserSession


class UserRepository(Users, Protocol):
    """Users who are not deleted, unless a method says otherwise."""

    def add(self, user: User) -> None:
        """Store a new user; its id is set afterwards. Raises UsernameTaken and its like at the end of
        the unit of work.
        """
        ...

    def get(self, user_id: int, *, lock: bool = False) -> User: ...

    def find(self, user_id: int, *, lock: bool = False) -> User | None: ...

    def find_deleted(self, user_id: int, *, lock: bool = False) -> User | None:
        """A deleted user who can still be restored, so is not anonymised yet."""
        ...

    def find_by_login(self, login: str, ip: str = "") -> User | None:
        """Find by username, e-mail address or phone in any form that sign-up accepts. If several accounts
        have the address unconfirmed, choose as `find_holder` does.
        """
        ...

    def find_holder(
        self, *, email: str | None = None, phone: str | None = None, ip: str = "", provable: bool = False
    ) -> User | None:
        """The account that an address (e-mail in either case, phone as E.164) belongs to: the one that
        confirmed it. If none did, it is one of those that have it unconfirmed: one that signed in from `ip`,
        or else the newest. `provable` leaves out accounts for which having the address proves nothing
        (policies.may_prove).
        """
        ...

    def is_confirmed(
        self, *, email: str | None = None, phone: str | None = None, besides: int | None = None
    ) -> bool:
        """Whether an account, deleted ones too, has confirmed the address."""
        ...

    def lock_with_rivals(self, user_id: int, *, email: str | None = None, phone: str | None = None) -> None:
        """Lock the user, deleted or not, and all users whose accounts have the address, in the order of ids:
        concurrent proofs of one address wait for each other.
        """
        ...

    def release(self, *, email: str | None = None, phone: str | None = None, besides: int) -> None:
        """Take an unconfirmed address from all accounts but one."""
        ...

    def lapse(self, joined_before: datetime, at: datetime, limit: int) -> int:
        """Remove unconfirmed addresses of users who joined before then and have no token for the address;
        returns how many users lost one. Users locked by somebody else are left for the next time.
        """
        ...

    def touch(self, user: User) -> None:
        """Give the user a new version although none of its columns changes."""
        ...

    def set_password_hash(self, user_id: int, password_hash: str) -> None:
        """Leave the version as it is, because a rehash is no edit."""
        ...

    def is_avatar_shown(self, key: str) -> bool:
        """Whether an account that is not deleted shows it."""
        ...

    def avatars_in_use(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Those of `keys` that an account shows, that wait for staff, or that staff decided on after `since`,
        since a decision may be taken back.
        """
        ...

    def lock_admins(self) -> set[int]:
        """The ids of the active admins, locked, so that removals of admins happen one after the other."""
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
    """A session as its user sees it; `current` marks the one that makes the request."""

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
        """The session, locked, so that parallel refreshes take turns."""
        ...

    def list_live(self, user_id: int, page: PageRequest, at: datetime, current: int) -> Page[SessionView]:
        """Newest first; without sessions of admins who act as the user."""
        ...

    def revoke(
        self, user_ids: Sequence[int], at: datetime, *, only: int | None = None, besides: int | None = None
    ) -> list[tuple[int, int]]:
        """End the live sessions of users (`only` one of them, or all `besides` one), in one UPDATE. Returns
        the (user id, session id) of each ended session.
        """
        ...

    def knows_address(self, user_id: int, ip: str, since: datetime) -> bool:
        """Whether the user has signed in from `ip` since then."""
        ...

    def find_principal(self, session_id: int, user_id: int, at: datetime) -> tuple[Principal, bool] | None:
        """The caller with the rights of this moment, and whether the user is active; None without a live
        session. One query.
        """
        ...

    def alive(self, session_ids: set[int], at: datetime) -> set[int]:
        """Those of `session_ids` that still let their user in."""
        ...

    def purge(self, before: datetime, life: timedelta) -> None:
        """Delete those that ended or expired before then; a session lasts `life` from its last refresh."""
        ...


class AccountRecords(Protocol):
    """All rows of accounts that belong to one user, for the end of the account."""

    def free_name(self, user_id: int) -> str:
        """A meaningless name, for a username and an address that nobody else has."""
        ...

    def erase(self, user_id: int, email: str | None, phone: str | None) -> None:
        """Delete everything attached to the user: sessions, tokens, codes, factors, failed mails."""
        ...


@dataclass(frozen=True)
class UserView:
    """A user as staff sees it."""

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
        """The address that serves the avatar."""
        return media_url(self.avatar_key)


@dataclass(frozen=True)
class UserSearch:
    """What staff searches for. Each word of `q` must be in any part of name, username, e-mail or phone."""

    q: str | None = None
    role: str | None = None
    is_staff: bool | None = None
    is_active: bool | None = None
    is_deleted: bool | None = None


class UserDirectory(Protocol):
    """Reads for staff; they include deleted users."""

    def list_users(self, search: UserSearch, page: PageRequest) -> Page[UserView]:
        """Newest first. Raises InvalidCursor."""
        ...

    def find(self, user_id: int) -> UserView | None: ...
