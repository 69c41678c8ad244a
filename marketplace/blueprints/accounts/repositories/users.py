"""The SQL of users."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, text, update

from marketplace.blueprints.accounts.changes import SUBJECT
from marketplace.blueprints.accounts.ports.people import UserDirectory, UserRepository, UserSearch, UserView
from marketplace.blueprints.moderation.contracts import SubjectStore
from marketplace.database.bulk_update import bulk_restore, bulk_update
from marketplace.database.folding import contains
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.timeouts import search_timeout
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.addresses import address_form, phone_form, plain_name, searched_form
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import ADMIN
from marketplace.kernel.media import media_key
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import (
    UNCONFIRMED,
    OneTimeToken,
    SecondFactor,
    User,
    UserSession,
    searched_text,
)
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


class SqlUserRepository(SqlRepository, UserRepository, SubjectStore):
    def add(self, user: User) -> None:
        self.session.add(user)
        self.session.flush()

    def get(self, user_id: int, *, lock: bool = False) -> User:
        found = self.find(user_id, lock=lock)
        if found is None:
            raise NotFound
        return found

    def find(self, user_id: int, *, lock: bool = False) -> User | None:
        statement = select(User).where(User.id == user_id, User.deleted_at.is_(None))
        if lock:
            statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        return self.session.execute(statement).scalar_one_or_none()

    def find_deleted(self, user_id: int, *, lock: bool = False) -> User | None:
        statement = select(User).where(
            User.id == user_id, User.deleted_at.is_not(None), User.anonymised_at.is_(None)
        )
        if lock:
            statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        return self.session.execute(statement).scalar_one_or_none()

    def find_by_login(self, login: str, ip: str = "") -> User | None:
        # A username holds no @ and does not begin with +. A username of digits that begins with 00 takes
        # precedence over a phone that is written so.
        is_named = func.lower(User.username) == plain_name(login)
        address = address_form(login)
        by_email, by_phone = func.lower(User.email) == address, User.phone == address
        is_confirmed = or_(and_(by_email, User.email_verified), and_(by_phone, User.phone_verified))
        statement = (
            select(User)
            .where(or_(is_named, by_email, by_phone), User.deleted_at.is_(None))
            .order_by(_first(is_named), _first(is_confirmed), _first(_came_from(ip)), User.id.desc())
            .limit(1)
        )
        return self.session.execute(statement).scalar_one_or_none()

    def find_holder(
        self, *, email: str | None = None, phone: str | None = None, ip: str = "", provable: bool = False
    ) -> User | None:
        is_confirmed = _confirmed(email, phone)
        statement = (
            select(User)
            .where(_has(email, phone), User.deleted_at.is_(None))
            .order_by(_first(is_confirmed), _first(_came_from(ip)), User.id.desc())
            .limit(1)
        )
        if provable:
            other = User.phone_verified if email is not None else User.email_verified
            statement = statement.where(or_(is_confirmed, ~other))
        return self.session.execute(statement).scalar_one_or_none()

    def is_confirmed(
        self, *, email: str | None = None, phone: str | None = None, besides: int | None = None
    ) -> bool:
        found = exists().where(_has(email, phone), _confirmed(email, phone))
        if besides is not None:
            found = found.where(User.id != besides)
        return bool(self.session.scalar(select(found)))

    def lock_with_rivals(self, user_id: int, *, email: str | None = None, phone: str | None = None) -> None:
        statement = (
            select(User.id)
            .where(or_(User.id == user_id, _has(email, phone)))
            .order_by(User.id)
            .with_for_update(key_share=True)
        )
        self.session.execute(statement)

    def release(self, *, email: str | None = None, phone: str | None = None, besides: int) -> None:
        column = "email" if email is not None else "phone"
        statement = (
            update(User)
            .where(_has(email, phone), ~_confirmed(email, phone), User.id != besides)
            .values({column: None, "version": User.version + 1})
        )
        self.write(statement)

    def lapse(self, joined_before: datetime, at: datetime, limit: int) -> int:
        waiting = exists().where(
            OneTimeToken.user_id == User.id,
            OneTimeToken.purpose == "verify_email",
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > at,
        )
        due = (
            select(User.id)
            .where(text(UNCONFIRMED), User.date_joined < joined_before, ~waiting)
            .order_by(User.date_joined)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        )
        statement = (
            update(User)
            .where(User.id.in_(due.scalar_subquery()))
            .values(
                email=case((User.email_verified, User.email)),
                phone=case((User.phone_verified, User.phone)),
                version=User.version + 1,
            )
            .returning(User.id)
        )
        rows = self.write(statement)
        return len(rows.all())

    def touch(self, user: User) -> None:
        user.updated_at = func.now()
        self.session.flush()

    def set_password_hash(self, user_id: int, password_hash: str) -> None:
        statement = update(User).where(User.id == user_id).values(password_hash=password_hash)
        self.write(statement)

    def is_avatar_shown(self, key: str) -> bool:
        shown = exists().where(User.avatar_key == key, User.deleted_at.is_(None))
        return bool(self.session.scalar(select(shown)))

    def avatars_in_use(self, keys: Sequence[str], since: datetime) -> set[str]:
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
        statement = (
            select(User.id)
            .where(User.is_staff, User.roles.contains([ADMIN]), User.is_active, User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(key_share=True)
        )
        return set(self.session.scalars(statement))

    def lock_accounts(self, ids: Sequence[int]) -> list[User]:
        statement = (
            select(User)
            .where(User.id.in_(ids), User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return list(self.session.scalars(statement))

    def lock_many(self, ids: Sequence[int]) -> Mapping[int, Any]:
        statement = (
            select(User.id, User.first_name, User.last_name, User.avatar_key)
            .where(User.id.in_(ids), User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(key_share=True)
        )
        return {row.id: row for row in self.session.execute(statement)}

    def set_each(self, column: str, values: Mapping[int, Any]) -> None:
        bulk_update(self.session, User, [{"id": key, column: value} for key, value in values.items()])

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        bulk_restore(self.session, User, states)

    def set_active(self, ids: Sequence[int], *, active: bool, reason: str | None, at: datetime) -> None:
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
        self.write(statement)


def _has(email: str | None, phone: str | None) -> ColumnElement[bool]:
    """Whether the account has the address."""
    return func.lower(User.email) == email.lower() if email is not None else User.phone == phone


def _confirmed(email: str | None, phone: str | None) -> ColumnElement[bool]:
    return and_(_has(email, phone), User.email_verified if email is not None else User.phone_verified)


def _came_from(ip: str) -> ColumnElement[bool]:
    return exists().where(
        UserSession.user_id == User.id, UserSession.ip == ip, UserSession.acting_admin_id.is_(None)
    )


def _first(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """For ORDER BY: rows that meet the condition come first."""
    return case((condition, 0), else_=1)


class SqlUserDirectory(SqlRepository, UserDirectory):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def list_users(self, search: UserSearch, page: PageRequest) -> Page[UserView]:
        statement = _filtered(_shown(), search).order_by(User.id.desc())
        with search_timeout(self.session, search.q):
            found = fetch_page(
                self.session, statement, page, self._signer, name="users", filters=asdict(search)
            )
        return Page([UserView(**row._mapping) for row in found.items], found.next, found.previous)

    def find(self, user_id: int) -> UserView | None:
        row = self.session.execute(_shown().where(User.id == user_id)).one_or_none()
        return None if row is None else UserView(**row._mapping)


def _shown() -> Select[Any]:
    return select(*_SHOWN).outerjoin(Performer, Performer.user_id == User.id)


def _filtered(statement: Select[Any], search: UserSearch) -> Select[Any]:
    phone = phone_form((search.q or "").strip())
    for word in [phone] if phone else (search.q or "").split():
        statement = statement.where(contains(searched_text(), searched_form(word)))
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
