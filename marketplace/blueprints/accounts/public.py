"""What other domains may know of accounts."""

from marketplace.blueprints.accounts.events import (
    PasswordChanged,
    SecondFactorChanged,
    SessionRevoked,
    UserAnonymised,
    UserBlocked,
    UserDeleted,
    UserEmailChanged,
    UserPhoneChanged,
    UserProfileChanged,
    UserRegistered,
    UserRestored,
    UserRolesChanged,
    UserUnblocked,
    UserVerified,
)
from marketplace.blueprints.accounts.privacy_ports import ExportFile, ExportSection
from marketplace.blueprints.accounts.services import AvatarService, PictureAllowance
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.web.runtime import Runtime

__all__ = [
    "AvatarService",
    "ExportFile",
    "ExportSection",
    "PasswordChanged",
    "PictureAllowance",
    "SecondFactorChanged",
    "SessionRevoked",
    "UserAnonymised",
    "UserBlocked",
    "UserDeleted",
    "UserEmailChanged",
    "UserPhoneChanged",
    "UserProfileChanged",
    "UserRegistered",
    "UserRestored",
    "UserRolesChanged",
    "UserUnblocked",
    "UserVerified",
    "avatars",
    "picture_allowance",
    "register_export",
]


def avatars(parts: Runtime) -> AvatarService:
    """The pictures of accounts, for who comes with one."""
    return parts.get(Accounts).avatars


def picture_allowance(parts: Runtime) -> PictureAllowance:
    """What a user may have done to pictures in a day; spend it before you decode one."""
    return parts.get(Accounts).allowance


def register_export(parts: Runtime, section: ExportSection) -> None:
    """Put what a domain holds on a user into the user's export."""
    parts.get(Accounts).exports.register(section)
