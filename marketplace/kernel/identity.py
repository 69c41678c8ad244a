"""Who is calling: rights as the database has them at this request."""

from dataclasses import dataclass, field

MODERATOR = "moderator"
ADMIN = "admin"
STAFF_ROLES = (MODERATOR, ADMIN)


@dataclass(frozen=True)
class Principal:
    """A signed-in caller. `performer_id` is None without a performer profile."""

    user_id: int
    session_id: int
    roles: frozenset[str] = field(default_factory=frozenset)
    verified: bool = False
    performer_id: int | None = None
    performer_status: str | None = None

    @property
    def is_staff(self) -> bool:
        """Moderator or admin."""
        return bool(self.roles)

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.roles
