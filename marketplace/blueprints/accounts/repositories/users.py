"""The SQL of users."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select, update

from marketplace.blueprints.accounts.changes import SUBJECT
from marketplace.blueprints.accounts.ports import UserSearch, UserView
from marketplace.database.folding import contains
from marketplace.database.keyset import fetch_page
from marketplace.database.many import restore_each, update_each
from marketplace.database.patience import search_time
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import ADMIN
from marketplace.kernel.media import media_key
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import SecondFactor, User, searched_text
from marketplace.models.moderation import ChangeRequest
from marketplace.models.performers import Performer

_SHOWN: tuple[Any, ...] = (
    User.id,
    User.username,
    User.email,
    User.email_verified,
    User.phone,
    User.phone_verified,
    User.first_name,
    User.last_name,
    User.locale,
    User.timezone,
    User.roles,
    User.is_staff,
    User.is_active,
    User.blocked_reason,
    User.blocked_at,
    User.deleted_at,
    User.date_joined,
    exists()
    .where(SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None))
    .label("second_factor"),
    Performer.id.label("performer_id"),
    User.avatar_key,
)


class SqlUserRepository(SqlRepository):
    """Users."""

    def add(self, user: User) -> None:
        """Store a new user."""
        self.session.add(user)
        self.session.flush()

    def get(self, user_id: int, *, lock: bool = False) -> User:
        """Raises NotFound."""
        found = self.find(user_id, lock=lock)
        if found is None:
            raise NotFound
        return found

    def find(self, user_id: int, *, lock: bool = False) -> User | None:
        """One by its id."""
        statement = select(User).where(User.id == user_id, User.deleted_at.is_(None))
        if lock:
            statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        return self.session.execute(statement).scalar_one_or_none()

    def find_by_login(self, login: str) -> User | None:
        """By username, e-mail or phone; the three cannot be mistaken for each other, since a username
        holds no @ and does not begin with +. All are ASCII, which NFKC makes of wide letters and digits.
        """
        login = unicodedata.normalize("NFKC", login)
        lowered = login.lower()
        statement = select(User).where(
            or_(func.lower(User.username) == lowered, func.lower(User.email) == lowered, User.phone == login),
            User.deleted_at.is_(None),
        )
        return self.session.execute(statement).scalar_one_or_none()

    def find_by_email(self, email: str) -> User | None:
        """Either case."""
        statement = select(User).where(func.lower(User.email) == email.lower(), User.deleted_at.is_(None))
        return self.session.execute(statement).scalar_one_or_none()

    def find_by_phone(self, phone: str, *, lock: bool = False) -> User | None:
        """By E.164."""
        statement = select(User).where(User.phone == phone, User.deleted_at.is_(None))
        if lock:
            statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        return self.session.execute(statement).scalar_one_or_none()

    def performer_id_of(self, user_id: int) -> int | None:
        """The user's performer profile, if there is one."""
        return self.session.scalar(select(Performer.id).where(Performer.user_id == user_id))

    def set_password_hash(self, user_id: int, password_hash: str) -> None:
        """Without a new version."""
        statement = update(User).where(User.id == user_id).values(password_hash=password_hash)
        self.session.execute(statement, execution_options={"synchronize_session": False})

    def mark_email_verified(self, user_id: int, email: str) -> bool:
        """False when the user's address is another by now."""
        statement = (
            update(User)
            .where(User.id == user_id, User.email == email, User.deleted_at.is_(None))
            .values(email_verified=True, version=User.version + 1)
            .returning(User.id)
        )
        return self.session.scalar(statement) is not None

    def release_phone(self, phone: str, *, besides: int) -> bool:
        """Take `phone` from another account that never confirmed it. False when one holds it confirmed."""
        holder = self.session.execute(
            select(User.id, User.phone_verified)
            .where(User.phone == phone, User.id != besides)
            .with_for_update(key_share=True)
        ).one_or_none()
        if holder is None:
            return True
        if holder.phone_verified:
            return False
        statement = update(User).where(User.id == holder.id).values(phone=None, version=User.version + 1)
        self.session.execute(statement, execution_options={"synchronize_session": False})
        return True

    def is_avatar_shown(self, key: str) -> bool:
        """Whether an account that is not deleted shows it."""
        shown = exists().where(User.avatar_key == key, User.deleted_at.is_(None))
        return bool(self.session.scalar(select(shown)))

    def avatars_in_use(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Those of `keys` that an account shows, that wait for staff, or that staff decided on after
        `since`.
        """
        shown = select(User.avatar_key).where(User.avatar_key.in_(keys))
        waiting = select(ChangeRequest.old_value, ChangeRequest.new_value).where(
            ChangeRequest.subject_type == SUBJECT,
            ChangeRequest.field_name == "avatar",
            or_(
                ChangeRequest.status == "pending",
                and_(ChangeRequest.status.in_(("approved", "rejected")), ChangeRequest.decided_at > since),
            ),
        )
        found = {media_key(url) for row in self.session.execute(waiting) for url in row}
        found.update(self.session.scalars(shown))
        return {key for key in found if key is not None}

    def lock_admins(self) -> set[int]:
        """The ids of the active admins, locked."""
        statement = (
            select(User.id)
            .where(User.is_staff, User.roles.contains([ADMIN]), User.is_active, User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(key_share=True)
        )
        return set(self.session.scalars(statement))

    def lock_accounts(self, ids: Sequence[int]) -> list[User]:
        """Those of `ids` that exist, locked in the order of their ids."""
        statement = (
            select(User)
            .where(User.id.in_(ids), User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return list(self.session.scalars(statement))

    def lock_many(self, ids: Sequence[int]) -> Mapping[int, Any]:
        """What of users waits for staff when it is edited, locked in the order of their ids."""
        statement = (
            select(User.id, User.first_name, User.last_name, User.avatar_key)
            .where(User.id.in_(ids), User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(key_share=True)
        )
        return {row.id: row for row in self.session.execute(statement)}

    def set_each(self, column: str, values: Mapping[int, Any]) -> None:
        """Set `column` of each user, and give each a new version; one UPDATE."""
        update_each(self.session, User, [{"id": key, column: value} for key, value in values.items()])

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        restore_each(self.session, User, states)

    def set_active(self, ids: Sequence[int], *, active: bool, reason: str | None, at: datetime) -> None:
        """Block or unblock all of `ids`, in one UPDATE."""
        statement = (
            update(User)
            .where(User.id.in_(ids))
            .values(
                is_active=active,
                blocked_reason=reason,
                blocked_at=None if active else at,
                version=User.version + 1,
            )
        )
        self.session.execute(statement, execution_options={"synchronize_session": False})


class SqlUserDirectory(SqlRepository):
    """Users as staff sees them: columns, not entities, and deleted ones too."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def list_users(self, search: UserSearch, page: PageRequest) -> Page[UserView]:
        """Newest first."""
        statement = _filtered(_shown(), search).order_by(User.id.desc())
        filters = {name: value for name, value in vars(search).items() if value is not None}
        with search_time(self.session, search.q):
            found = fetch_page(self.session, statement, page, self._signer, name="users", filters=filters)
        return Page([UserView(**row._mapping) for row in found.items], found.next, found.previous)

    def find(self, user_id: int) -> UserView | None:
        """One by its id."""
        row = self.session.execute(_shown().where(User.id == user_id)).one_or_none()
        return None if row is None else UserView(**row._mapping)


def _shown() -> Select[Any]:
    return select(*_SHOWN).outerjoin(Performer, Performer.user_id == User.id)


def _filtered(statement: Select[Any], search: UserSearch) -> Select[Any]:
    for word in (search.q or "").split():
        statement = statement.where(contains(searched_text(), word))
    if search.role is not None:
        statement = statement.where(User.is_staff, User.roles.contains([search.role]))
    if search.is_staff is not None:
        statement = statement.where(User.is_staff.is_(search.is_staff))
    if search.is_active is not None:
        statement = statement.where(User.is_active.is_(search.is_active))
    if search.is_deleted is not None:
        missing = User.deleted_at.is_(None)
        statement = statement.where(~missing if search.is_deleted else missing)
    return statement
