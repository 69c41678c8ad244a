"""The caller: identity and rights as the database has them at this request."""

from dataclasses import dataclass, field
from datetime import datetime

from marketplace.kernel.errors import Forbidden

MODERATOR = "moderator"
ADMIN = "admin"


@dataclass(frozen=True)
class AccessClaims:
    """The claims of a valid access token; only the database knows whether its session is still valid."""

    user_id: int
    session_id: int
    expires_at: datetime


@dataclass(frozen=True)
class Principal:
    """A signed-in caller. `performer_id` is None without a performer profile.

    `signed_in_at` is the time at which the session proved its user, `second_factor` whether the account has
    one. `acting_admin_id` is the admin behind a session that acts as the user, else None.
    """

    user_id: int
    session_id: int
    roles: frozenset[str] = field(default_factory=frozenset)
    verified: bool = False
    performer_id: int | None = None
    performer_status: str | None = None
    signed_in_at: datetime | None = None
    second_factor: bool = False
    acting_admin_id: int | None = None

    def keeps(self, earlier: "Principal") -> bool:
        """Whether the caller still has every right that it had `earlier`."""
        return (
            self.roles >= earlier.roles
            and self.verified >= earlier.verified
            and self.second_factor >= earlier.second_factor
            and (
                earlier.performer_id is None
                or (self.performer_id, self.performer_status)
                == (earlier.performer_id, earlier.performer_status)
            )
        )

    @property
    def is_staff(self) -> bool:
        """Moderator or admin."""
        return bool(self.roles)

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.roles


class NotWhileActing(Forbidden):
    """An admin who acts as a user wants something that only the user may do."""

    code = "not_while_acting"
    title = "Only the user may do this, not an admin who acts as the user"
    remedy = "Ask the user to do it, or end acting as the user and use an own right of the admin."


def own_performer_id(caller: Principal) -> int:
    """The caller's own performer profile. Raises Forbidden when the caller has none."""
    if caller.performer_id is None:
        raise Forbidden("Only performers may do this")
    return caller.performer_id
