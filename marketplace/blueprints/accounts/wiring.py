"""Builds the services of accounts."""

from dataclasses import dataclass

from marketplace.blueprints.accounts.adapters import ArgonHasher, JwtTokens
from marketplace.blueprints.accounts.changes import MODERATED_FIELDS, SUBJECT
from marketplace.blueprints.accounts.events import UserProfileChanged
from marketplace.blueprints.accounts.repositories import (
    SqlSessionRepository,
    SqlTokenRepository,
    SqlUserRepository,
)
from marketplace.blueprints.accounts.services import ProfileService, RegistrationService, SessionService
from marketplace.blueprints.integrations import public as integrations
from marketplace.blueprints.moderation import public as moderation
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Accounts:
    """The services of accounts."""

    sessions: SessionService
    registration: RegistrationService
    profile: ProfileService


def build(parts: Runtime) -> Accounts:
    """Wire services to their adapters, and register users as a moderated subject."""
    users = SqlUserRepository(parts.uow)
    hasher = ArgonHasher(parts.settings)
    tokens = JwtTokens(parts.settings)
    sessions = SessionService(
        parts.uow,
        users,
        SqlSessionRepository(parts.uow),
        hasher,
        tokens,
        parts.clock,
        parts.settings.refresh_token_seconds,
    )
    registration = RegistrationService(
        parts.uow,
        users,
        SqlTokenRepository(parts.uow),
        hasher,
        tokens,
        sessions,
        integrations.mailer(parts),
        parts.clock,
    )
    moderation.register_subject(
        parts,
        moderation.ModeratedSubject(
            name=SUBJECT,
            strategies=MODERATED_FIELDS,
            load=lambda user_id: users.get(user_id, lock=True),
            changed=lambda user, _changes: parts.uow.record(UserProfileChanged(user_id=user.id)),
        ),
    )
    profile = ProfileService(parts.uow, users, moderation.change_requests(parts))
    return Accounts(sessions=sessions, registration=registration, profile=profile)


def accounts() -> Accounts:
    """The services of the current application."""
    return runtime().get(Accounts)
