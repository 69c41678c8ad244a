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

__all__ = [
    "PasswordChanged",
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
]
