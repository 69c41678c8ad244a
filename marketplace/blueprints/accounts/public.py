"""What other domains may know of accounts."""

from marketplace.blueprints.accounts.events import (
    SessionRevoked,
    UserProfileChanged,
    UserRegistered,
    UserVerified,
)

__all__ = ["SessionRevoked", "UserProfileChanged", "UserRegistered", "UserVerified"]
