"""Builds the services of accounts."""

from dataclasses import dataclass
from datetime import timedelta

from marketplace.blueprints.accounts.adapters import ArgonHasher, JwtTokens, PyotpCodes
from marketplace.blueprints.accounts.archives import ExportLinks
from marketplace.blueprints.accounts.changes import MODERATED_FIELDS, SUBJECT, Avatar
from marketplace.blueprints.accounts.events import UserProfileChanged
from marketplace.blueprints.accounts.privacy_ports import ExportSection
from marketplace.blueprints.accounts.repositories import (
    SqlAccountRecords,
    SqlBudgetRepository,
    SqlCodeRepository,
    SqlExportRepository,
    SqlOldSessions,
    SqlSecondFactorRepository,
    SqlSessionRepository,
    SqlStatistics,
    SqlTokenRepository,
    SqlUserDirectory,
    SqlUserRepository,
)
from marketplace.blueprints.accounts.services import (
    AvatarService,
    Budgets,
    CodeKeeper,
    CodeLimits,
    CodeService,
    ContactService,
    Credentials,
    DeletionService,
    ExportService,
    LoginService,
    Ownership,
    PasswordService,
    PictureAllowance,
    Post,
    ProfileService,
    RegistrationService,
    SecondFactorService,
    SessionService,
    Sweeper,
    UserAdministration,
)
from marketplace.blueprints.integrations import public as integrations
from marketplace.blueprints.moderation import public as moderation
from marketplace.database.resting import resting
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
    allowance: PictureAllowance
    codes: CodeService
    passwords: PasswordService
    contacts: ContactService
    factors: SecondFactorService
    staff: UserAdministration
    post: Post
    exports: ExportService
    deletion: DeletionService
    ownership: Ownership
    sweeper: Sweeper


def build(parts: Runtime) -> Accounts:
    """Wire services to their adapters, and register users as a moderated subject."""
    uow, clock, settings = parts.uow, parts.clock, parts.settings
    audit = moderation.audit(parts)
    users = SqlUserRepository(uow)
    one_time = SqlTokenRepository(uow)
    tokens = JwtTokens(settings)
    session_rows = SqlSessionRepository(uow, parts.cursors)
    sessions = SessionService(uow, session_rows, tokens, audit, clock, settings.refresh_token_seconds)
    budgets = Budgets(SqlBudgetRepository(uow), session_rows, tokens, clock)
    credentials = Credentials(uow, users, resting(ArgonHasher(settings), uow.rest), tokens, budgets)
    post = Post(uow, integrations.mailer(parts), integrations.sms(parts))
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
    export_rows = SqlExportRepository(uow)
    ownership = Ownership(uow, users, one_time, codes, factor_rows, export_rows, sessions, audit, clock)
    passwords = PasswordService(
        uow, users, one_time, credentials, tokens, sessions, ownership, budgets, post, audit, clock
    )
    limits = CodeLimits(settings.sms_daily_per_address, settings.sms_daily_per_country)
    keeper = CodeKeeper(uow, codes, tokens, budgets, clock, limits)
    staff = UserAdministration(uow, users, SqlUserDirectory(uow, parts.cursors), sessions, audit, clock)
    records = SqlAccountRecords(uow)
    personal = moderation.personal_records(parts)
    exports = ExportService(
        uow,
        users,
        export_rows,
        ExportLinks(settings.secret_key),
        integrations.files(parts),
        post,
        audit,
        clock,
    )
    for section in records.sections():
        exports.register(section)
    for name, collect in personal.sections():
        exports.register(ExportSection(name, collect))
    deletion = DeletionService(
        uow,
        users,
        records,
        one_time,
        tokens,
        sessions,
        factors,
        ownership,
        personal,
        post,
        audit,
        clock,
    )
    old_sessions = SqlOldSessions(uow, timedelta(seconds=settings.refresh_token_seconds))
    sweeper = Sweeper(uow, export_rows, codes, one_time, old_sessions, budgets, clock)
    moderation.register_subject(
        parts,
        moderation.ModeratedSubject(
            name=SUBJECT,
            fields=MODERATED_FIELDS | {"avatar": Avatar(lambda key: _avatar_link(parts, key))},
            store=users,
            changed=lambda ids: uow.record_many([UserProfileChanged(user_id=user_id) for user_id in ids]),
        ),
    )
    moderation.register_bulk(parts, staff)
    moderation.register_counters(parts, SqlStatistics(uow).counters())
    profile = ProfileService(uow, users, moderation.change_requests(parts))
    allowance = PictureAllowance(uow, budgets)
    avatars = AvatarService(
        uow, users, profile, allowance, integrations.files(parts), integrations.pictures(parts), clock
    )
    _show_avatars(parts, avatars)
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
        exports=exports,
        deletion=deletion,
        ownership=ownership,
        sweeper=sweeper,
    )


def _show_avatars(parts: Runtime, avatars: AvatarService) -> None:
    """Those that accounts show to everybody, those that wait by a link."""

    def find(_row_id: int, key: str) -> integrations.PrivateFile | None:
        if not avatars.is_waiting(key):
            return None
        return integrations.PrivateFile(key, integrations.CONTENT_TYPE, "avatar.webp")

    integrations.private_files(parts).register(AVATAR, find)
    integrations.public_files(parts).register(AVATARS, avatars.is_shown)


def _avatar_link(parts: Runtime, key: str) -> str:
    return integrations.private_files(parts).link(AVATAR, 0, key)


def accounts() -> Accounts:
    """The services of the current application."""
    return runtime().get(Accounts)
