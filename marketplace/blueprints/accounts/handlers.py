"""What accounts do when something happened."""

from collections.abc import Iterable

from marketplace.blueprints.accounts.events import UserRegistered
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.kernel.events import Handler
from marketplace.web.runtime import Runtime


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of this domain."""
    registration = parts.get(Accounts).registration

    def welcome(event: UserRegistered) -> None:
        registration.send_welcome(event.user_id)

    return [Handler(UserRegistered, welcome, key="accounts.welcome", effect=True)]
