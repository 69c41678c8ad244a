"""Events of privacy."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class UserAnonymised(DomainEvent):
    """A deletion can no longer be taken back; what domains held on the user was removed in the same
    transaction.
    """

    name: ClassVar[str] = "user.anonymised"
    user_id: int
