"""Builds the services of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from marketplace.blueprints.accounts.adapters import ArgonHasher, JwtTokens, PyotpCodes
from marketplace.blueprints.accounts.changes import moderated_fields
from marketplace.blueprints.accounts.contracts import MailTopic, UserProfileChanged
from marketplace.blueprints.accounts.repositories.records import SqlAccountRecords
from marketplace.blueprints.accounts.repositories.secrets import (
    SqlBudgetRepository,
    SqlCodeRepository,
    SqlSecondFactorRepository,
    SqlTokenRepository,
)
from marketplace.blueprints.accounts.repositories.sessions import SqlSessionRepository
from marketplace.blueprints.accounts.repositories.statistics import SqlStatistics
from marketplace.blueprints.accounts.repositories.users import SqlUserDirectory, SqlUserRepository
from marketplace.blueprints.accounts.services.allowance import PictureBudget
from marketplace.blueprints.accounts.services.avatar import AvatarService
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.blueprints.accounts.services.codes import CodeKeeper, CodeLimits, CodeService
from marketplace.blueprints.accounts.services.contacts import ContactService
from marketplace.blueprints.accounts.services.credentials import Credentials
from marketplace.blueprints.accounts.services.deletion import DeletionService
from marketplace.blueprints.accounts.services.login import LoginService
from marketplace.blueprints.accounts.services.ownership import Ownership
from marketplace.blueprints.accounts.services.passwords import PasswordService
from marketplace.blueprints.accounts.services.post import Post
from marketplace.blueprints.accounts.services.profile import ProfileService
from marketplace.blueprints.accounts.services.registration import RegistrationService
from marketplace.blueprints.accounts.services.second_factor import SecondFactorService
from marketplace.blueprints.accounts.services.sessions import SessionService
from marketplace.blueprints.accounts.services.staff import UserAdministration
from marketplace.blueprints.accounts.services.sweeping import Sweeper
from marketplace.blueprints.moderation import public as moderation
from marketplace.database.slow_work import outside_transaction
from marketplace.outside.pictures import CONTENT_TYPE
from marketplace.outside.ports import PrivateFile
from marketplace.web.runtime import Runtime, runtime

AVATAR, AVATARS = "avatar", "avatars"
"""The kind of private file, and the folder, of avatars."""


@dataclass(frozen=True)
class Accounts:
    """The services of accounts."""

    sessions: SessionService
    login: LoginService
    registration: RegistrationService
    profile: ProfileService
    avatars: AvatarService
    allowance: PictureBudget
    codes: CodeService
    passwords: PasswordService
    contacts: ContactService
    factors: SecondFactorService
    staff: UserAdministration
    post: Post
    deletion: DeletionService
    ownership: Ownership
    sweeper: Sweeper
    users: SqlUserRepository
    records: SqlAccountRecords
    numbers: SqlStatistics


def build(parts: Runtime) -> Accounts:
    """Wire services to their adapters."""
    uow, clock, settings = parts.uow, parts.clock, parts.settings
    audit = moderation.audit(parts)
    users = SqlUserRepository(uow)
    one_time = SqlTokenRepository(uow)
    tokens = JwtTokens(settings)
    session_rows = SqlSessionRepository(uow, parts.cursors)
    sessions = SessionService(uow, session_rows, tokens, audit, clock, settings.refresh_token_seconds)
    budgets = Budgets(SqlBudgetRepository(uow), session_rows, tokens, clock)
    credentials = Credentials(
        uow, users, outside_transaction(ArgonHasher(settings), uow.release_connection), tokens, budgets
    )
    post = Post(uow, parts.outside.mailer, parts.outside.sms, parts.given(MailTopic), settings.app_url)
    factor_rows = SqlSecondFactorRepository(uow)
    factors = SecondFactorService(
        uow,
        users,
        factor_rows,
        PyotpCodes(settings),
        tokens,
        sessions,
        post,
        audit,
        clock,
        staff_must=settings.is_production,
    )
    codes = SqlCodeRepository(uow)
    ownership = Ownership(uow, users, one_time, codes, factor_rows, sessions, audit, clock)
    passwords = PasswordService(
        uow, users, one_time, credentials, tokens, sessions, ownership, budgets, post, audit, clock
    )
    limits = CodeLimits(settings.sms_daily_per_address, settings.sms_daily_per_country)
    keeper = CodeKeeper(uow, codes, tokens, budgets, clock, limits)
    staff = UserAdministration(uow, users, SqlUserDirectory(uow, parts.cursors), sessions, audit, clock)
    records = SqlAccountRecords(uow)
    deletion = DeletionService(
        uow,
        users,
        records,
        one_time,
        tokens,
        sessions,
        factors,
        ownership,
        post,
        audit,
        clock,
    )
    session_life = timedelta(seconds=settings.refresh_token_seconds)
    sweeper = Sweeper(uow, codes, one_time, session_rows, budgets, clock, session_life)
    profile = ProfileService(uow, users, moderation.change_requests(parts), MODERATED_FIELDS)
    allowance = PictureBudget(uow, budgets)
    avatars = AvatarService(
        uow, users, profile, allowance, parts.outside.files, parts.outside.pictures, clock
    )
    return Accounts(
        sessions=sessions,
        login=LoginService(uow, credentials, factors, sessions),
        registration=RegistrationService(
            uow, users, one_time, credentials, tokens, sessions, budgets, post, clock
        ),
        profile=profile,
        avatars=avatars,
        allowance=allowance,
        codes=CodeService(uow, users, keeper, sessions, factors, passwords, ownership, post),
        passwords=passwords,
        contacts=ContactService(uow, users, one_time, tokens, keeper, ownership, budgets, post, audit, clock),
        factors=factors,
        staff=staff,
        post=post,
        deletion=deletion,
        ownership=ownership,
        sweeper=sweeper,
        users=users,
        records=records,
        numbers=SqlStatistics(uow),
    )


def accounts() -> Accounts:
    """The services of the current application."""
    return runtime().get(Accounts)


def waiting_avatar(_row_id: int, key: str) -> PrivateFile | None:
    """An avatar that waits for staff, which can be opened only by a link."""
    if not accounts().avatars.is_waiting(key):
        return None
    return PrivateFile(key, CONTENT_TYPE, "avatar.webp")


def avatar_link(key: str) -> str:
    """A link to an avatar that waits for staff."""
    return runtime().outside.private_files.link(AVATAR, 0, key)


MODERATED_FIELDS = moderated_fields(avatar_link)
"""The strategies of the fields that wait for staff, for the profile and for staff's decisions alike."""


def record_changed(users: Mapping[int, Any]) -> None:
    """Record that approved edits of profiles were stored."""
    runtime().uow.record_many([UserProfileChanged(user_id=user_id) for user_id in users])
