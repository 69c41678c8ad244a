"""The SQL of all rows of accounts about one user: read for a copy of the data, erased with the account."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import case, delete, exists, func, or_, select, text

from marketplace.blueprints.accounts.changes import SUBJECT
from marketplace.blueprints.accounts.ports.people import AccountRecords
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.kernel.media import media_key, media_url
from marketplace.kernel.personal_data import ExportFile
from marketplace.models.accounts import (
    OneTimeCode,
    OneTimeToken,
    RecoveryCode,
    SecondFactor,
    User,
    UserSession,
)
from marketplace.models.moderation import ChangeRequest
from marketplace.models.privacy import anonymous_email

# Undelivered mails hold an address; delivered ones are pruned after a week.
_FORGET_FAILED_JOBS = text("""
    DELETE FROM job WHERE status = 'dead' AND kind LIKE 'accounts.%'
    AND (payload ->> 'user_id' = :user_id OR payload ->> 'to' = :email OR payload ->> 'email' = :email)""")


class SqlAccountRecords(SqlRepository, AccountRecords):
    def profile(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The user; neither hashes nor secrets."""
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

    def files(self, user_id: int) -> Iterator[ExportFile]:
        """The shown avatar, and the one that waits for staff."""
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

    def sessions(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """Where the user is and was signed in."""
        by_staff = UserSession.acting_admin_id.is_not(None)
        return stream_rows(
            self.session,
            select(
                UserSession.id,
                by_staff.label("by_staff"),
                # The address of staff who acted as the user is not the user's data.
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

    def mailed_tokens(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """Mailed tokens, without their secrets."""
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

    def texted_codes(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """Texted codes, without their digits."""
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

    def free_name(self, user_id: int) -> str:
        name = f"deleted-{user_id}"
        taken = exists().where(
            User.id != user_id,
            or_(func.lower(User.username) == name, func.lower(User.email) == anonymous_email(name)),
        )
        return f"{name}-{secrets.token_hex(4)}" if self.session.scalar(select(taken)) else name

    def erase(self, user_id: int, email: str | None, phone: str | None) -> None:
        for table in (UserSession, OneTimeToken, SecondFactor, RecoveryCode):
            self.write(delete(table).where(table.user_id == user_id))
        codes = [OneTimeCode.user_id == user_id]
        if phone is not None:
            codes.append(OneTimeCode.phone == phone)
        self.write(delete(OneTimeCode).where(or_(*codes)))
        self.session.execute(_FORGET_FAILED_JOBS, {"user_id": str(user_id), "email": email})


def _is_own_phone() -> Any:
    return (OneTimeCode.phone == User.phone) & OneTimeCode.user_id.is_(None)
