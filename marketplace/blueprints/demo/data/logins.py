"""The accounts of the demo that everybody may use."""

from dataclasses import dataclass

PASSWORD = "Demo-Market-1"  # noqa: S105 - printed for everybody to use

DOMAIN = "example.com"
"""Of the addresses of all people of the demo: mail to it leads nowhere (RFC 2606)."""


@dataclass(frozen=True)
class Login:
    """An account with a known name; `staff` is its role of staff, if it has one."""

    role: str
    first_name: str
    last_name: str
    staff: str = ""

    @property
    def username(self) -> str:
        """The name to log in with."""
        return f"demo-{self.role}"

    @property
    def email(self) -> str:
        """The confirmed address."""
        return f"{self.username}@{DOMAIN}"


CUSTOMER = Login("customer", "Carla", "Ruiz")
PERFORMER = Login("performer", "Pavel", "Novak")
LOGINS = (
    CUSTOMER,
    PERFORMER,
    Login("moderator", "Mona", "Berg", "moderator"),
    Login("admin", "Adam", "Stone", "admin"),
)
