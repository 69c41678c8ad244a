"""The SQL of privacy: exports, and all rows of accounts that belong to one user."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, case, delete, exists, func, insert, or_, select, text, update

from marketplace.blueprints.accounts.changes import SUBJECT
from marketplace.blueprints.accounts.privacy_ports import DueDeletion, ExportFile, ExportSection, ExportView
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.media import media_key, media_url
from marketplace.models.accounts import (
    OneTimeCode,
    OneTimeToken,
    RecoveryCode,
    SecondFactor,
    User,
    UserSession,
)
from marketplace.models.moderation import ChangeRequest
from marketplace.models.privacy import DataExport, anonymous_email

_QUIET = {"synchronize_session": False}
_VIEW: tuple[Any, ...] = (
    DataExport.id,
    DataExport.user_id,
    DataExport.status,
    DataExport.created_at,
    DataExport.ready_at,
    DataExport.expires_at,
)
_IS_PENDING = DataExport.status == "pending"
# Mails that could not be delivered hold an address; those that were are pruned after a week.
_FORGET_FAILED_JOBS = text("""
    DELETE FROM job WHERE status = 'dead' AND kind LIKE 'accounts.%'
    AND (payload ->> 'user_id' = :user_id OR payload ->> 'to' = :email OR payload ->> 'email' = :email)""")


class SqlExportRepository(SqlRepository):
    """Exports. The archive is read and written by itself, never with the rest of the row."""

    def find_pending(self, user_id: int) -> ExportView | None:
        """At most one, by a unique index."""
        return self._one(select(*_VIEW).where(DataExport.user_id == user_id, _IS_PENDING))

    def find_newest(self, user_id: int, at: datetime) -> ExportView | None:
        """Of those that have not expired."""
        statement = (
            select(*_VIEW)
            .where(DataExport.user_id == user_id, or_(_IS_PENDING, DataExport.expires_at > at))
            .order_by(DataExport.id.desc())
            .limit(1)
        )
        return self._one(statement)

    def start(self, user_id: int, at: datetime) -> ExportView:
        """A pending one, in the place of all that are done."""
        self.session.execute(
            delete(DataExport).where(DataExport.user_id == user_id, ~_IS_PENDING), execution_options=_QUIET
        )
        made = insert(DataExport).values(user_id=user_id, created_at=at).returning(*_VIEW)
        return _view(self.session.execute(made).one())

    def lock_pending(self, export_id: int) -> int | None:
        """Whose it is; None when it is no longer pending."""
        statement = (
            select(DataExport.user_id)
            .where(DataExport.id == export_id, _IS_PENDING)
            .with_for_update(key_share=True)
        )
        return self.session.scalar(statement)

    def find_pending_owner(self, export_id: int) -> int | None:
        """As `lock_pending`, without the lock."""
        return self.session.scalar(select(DataExport.user_id).where(DataExport.id == export_id, _IS_PENDING))

    def finish(self, export_id: int, ready_at: datetime, expires_at: datetime) -> None:
        """Ready, with its archive in the storage, which an empty one says."""
        self._set(export_id, status="ready", archive=b"", ready_at=ready_at, expires_at=expires_at)

    def existing(self, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that exports have."""
        return set(self.session.scalars(select(DataExport.id).where(DataExport.id.in_(ids))))

    def fail(self, export_id: int, expires_at: datetime) -> None:
        """Given up."""
        self._set(export_id, status="failed", expires_at=expires_at)

    def read(self, export_id: int, user_id: int, at: datetime) -> bytes | None:
        """The archive of a ready one that has not expired, of a user who is neither blocked nor deleted."""
        statement = (
            select(DataExport.archive)
            .join(User, User.id == DataExport.user_id)
            .where(
                DataExport.id == export_id,
                DataExport.user_id == user_id,
                DataExport.expires_at > at,
                User.is_active,
                User.deleted_at.is_(None),
            )
        )
        return self.session.scalar(statement)

    def purge(self, at: datetime) -> None:
        """Remove those that have expired."""
        self.session.execute(delete(DataExport).where(DataExport.expires_at <= at), execution_options=_QUIET)

    def discard(self, user_id: int) -> None:
        """All of a user, those in the making too."""
        statement = delete(DataExport).where(DataExport.user_id == user_id)
        self.session.execute(statement, execution_options=_QUIET)

    def fail_pending(self, started_before: datetime, expires_at: datetime) -> None:
        """Give those up that nobody finished."""
        statement = (
            update(DataExport)
            .where(_IS_PENDING, DataExport.created_at < started_before)
            .values(status="failed", expires_at=expires_at)
        )
        self.session.execute(statement, execution_options=_QUIET)

    def _set(self, export_id: int, **values: Any) -> None:
        statement = update(DataExport).where(DataExport.id == export_id).values(**values)
        self.session.execute(statement, execution_options=_QUIET)

    def _one(self, statement: Select[Any]) -> ExportView | None:
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _view(row)


class SqlAccountRecords(SqlRepository):
    """All rows of accounts that belong to one user."""

    def sections(self) -> Sequence[ExportSection]:
        """Neither hashes nor secrets are among them."""
        return [
            ExportSection("profile", self._profile, self._files),
            ExportSection("sessions", self._sessions),
            ExportSection("mailed_tokens", self._mailed_tokens),
            ExportSection("texted_codes", self._texted_codes),
            ExportSection("exports", self._exports),
        ]

    def _profile(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        rows = stream_rows(
            self.session,
            select(
                User.id,
                User.username,
                User.email,
                User.email_verified,
                User.phone,
                User.phone_verified,
                User.first_name,
                User.last_name,
                User.avatar_key,
                User.locale,
                User.timezone,
                User.roles,
                User.is_active,
                User.blocked_reason,
                User.blocked_at,
                User.date_joined,
                User.updated_at,
                SecondFactor.confirmed_at.is_not(None).label("second_factor"),
                SecondFactor.confirmed_at.label("second_factor_since"),
                select(func.count())
                .where(RecoveryCode.user_id == User.id, RecoveryCode.used_at.is_(None))
                .scalar_subquery()
                .label("unused_recovery_codes"),
            )
            .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
            .where(User.id == user_id),
        )
        for row in rows:
            key = row.pop("avatar_key")
            yield {**row, "avatar_url": media_url(key)}

    def _files(self, user_id: int) -> Iterator[ExportFile]:
        """The avatar that is shown, and the one that waits for staff."""
        shown = self.session.scalar(select(User.avatar_key).where(User.id == user_id))
        if shown is not None:
            yield ExportFile("avatar.webp", shown)
        waiting = select(ChangeRequest.new_value).where(
            ChangeRequest.subject_type == SUBJECT,
            ChangeRequest.subject_id == user_id,
            ChangeRequest.field_name == "avatar",
            ChangeRequest.status == "pending",
        )
        key = media_key(self.session.scalar(waiting))
        if key is not None:
            yield ExportFile("avatar-waiting.webp", key)

    def _sessions(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        by_staff = UserSession.acting_admin_id.is_not(None)
        return stream_rows(
            self.session,
            select(
                UserSession.id,
                by_staff.label("by_staff"),
                # Where staff sat when it acted as the user is not the user's.
                case((by_staff, None), else_=UserSession.device).label("device"),
                case((by_staff, None), else_=UserSession.ip).label("ip"),
                UserSession.created_at,
                UserSession.last_seen_at,
                UserSession.expires_at,
                UserSession.revoked_at,
            )
            .where(UserSession.user_id == user_id)
            .order_by(UserSession.id),
        )

    def _mailed_tokens(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(
                OneTimeToken.purpose,
                OneTimeToken.target.label("sent_to"),
                OneTimeToken.created_at,
                OneTimeToken.expires_at,
                OneTimeToken.used_at,
            )
            .where(OneTimeToken.user_id == user_id)
            .order_by(OneTimeToken.id),
        )

    def _texted_codes(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(
                OneTimeCode.phone.label("sent_to"),
                OneTimeCode.purpose,
                OneTimeCode.tries,
                OneTimeCode.created_at,
                OneTimeCode.expires_at,
                OneTimeCode.used_at,
            )
            .join(User, or_(OneTimeCode.user_id == User.id, _is_own_phone()))
            .where(User.id == user_id)
            .order_by(OneTimeCode.id),
        )

    def _exports(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(DataExport.id, DataExport.status, DataExport.created_at)
            .where(DataExport.user_id == user_id)
            .order_by(DataExport.id),
        )

    def find_deleted(self, user_id: int, *, lock: bool = False) -> User | None:
        """One who can still be restored."""
        statement = select(User).where(
            User.id == user_id, User.deleted_at.is_not(None), User.anonymised_at.is_(None)
        )
        if lock:
            statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
        return self.session.execute(statement).scalar_one_or_none()

    def list_due(self, deleted_before: datetime, after_id: int, limit: int) -> list[DueDeletion]:
        """By id; those that somebody has locked are left for the next time."""
        statement = (
            select(User.id, User.deleted_at)
            .where(User.deleted_at <= deleted_before, User.anonymised_at.is_(None), User.id > after_id)
            .order_by(User.id)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        rows = self.session.execute(statement)
        return [DueDeletion(user_id, deleted_at) for user_id, deleted_at in rows if deleted_at is not None]

    def lock_due(self, user_id: int, deleted_before: datetime) -> User | None:
        """None when the account was restored or anonymised meanwhile."""
        statement = (
            select(User)
            .where(User.id == user_id, User.deleted_at <= deleted_before, User.anonymised_at.is_(None))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return self.session.execute(statement).scalar_one_or_none()

    def free_name(self, user_id: int) -> str:
        """`deleted-<id>`, with more behind it where somebody has signed up by that name."""
        name = f"deleted-{user_id}"
        taken = exists().where(
            User.id != user_id,
            or_(func.lower(User.username) == name, func.lower(User.email) == anonymous_email(name)),
        )
        return f"{name}-{secrets.token_hex(4)}" if self.session.scalar(select(taken)) else name

    def erase(self, user_id: int, email: str | None, phone: str | None) -> None:
        """Delete what hangs on the user."""
        for table in (UserSession, OneTimeToken, SecondFactor, RecoveryCode, DataExport):
            self.session.execute(delete(table).where(table.user_id == user_id), execution_options=_QUIET)
        codes = [OneTimeCode.user_id == user_id]
        if phone is not None:
            codes.append(OneTimeCode.phone == phone)
        self.session.execute(delete(OneTimeCode).where(or_(*codes)), execution_options=_QUIET)
        self.session.execute(_FORGET_FAILED_JOBS, {"user_id": str(user_id), "email": email})


class SqlOldSessions(SqlRepository):
    """Sessions that are over; `life` is how long one lasts from its last refresh."""

    def __init__(self, uow: SqlUnitOfWork, life: timedelta) -> None:
        super().__init__(uow)
        self._life = life

    def purge(self, before: datetime) -> None:
        """Forget those that were ended, or expired, before then."""
        statement = delete(UserSession).where(
            # What was ended expires later: this is what the index is asked for.
            UserSession.expires_at < before + self._life,
            or_(UserSession.expires_at < before, UserSession.revoked_at < before),
        )
        self.session.execute(statement, execution_options=_QUIET)


def _is_own_phone() -> Any:
    return (OneTimeCode.phone == User.phone) & OneTimeCode.user_id.is_(None)


def _view(row: Row[Any]) -> ExportView:
    return ExportView(**row._mapping)
