"""The log-ins of the demo: who of them is there, with tokens on request."""

from collections.abc import Callable
from dataclasses import dataclass

from marketplace.blueprints.demo.data.logins import LOGINS, Login
from marketplace.blueprints.demo.errors import NotForProduction
from marketplace.blueprints.demo.ports import MarketRepository
from marketplace.kernel.transactions import UnitOfWork


@dataclass(frozen=True)
class SignedIn:
    """A log-in with an access token of a new session."""

    login: Login
    access_token: str


class LoginService:
    """Finds the log-ins of the demo; none in production. `open_session` gives a user's access token."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: MarketRepository,
        open_session: Callable[[int], str],
        *,
        is_production: bool,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._open_session = open_session
        self._is_production = is_production

    def list_present(self) -> list[Login]:
        """Those that exist, with the password that the demo gave them."""
        return [login for login, _ in self._present()]

    def sign_in(self) -> list[SignedIn]:
        """Open a session for each that exists. Raises NotForProduction."""
        if self._is_production:
            raise NotForProduction
        with self._uow:
            return [SignedIn(login, self._open_session(user_id)) for login, user_id in self._present()]

    def _present(self) -> list[tuple[Login, int]]:
        if self._is_production:
            return []
        with self._uow:
            found = self._rows.list_accounts([login.username for login in LOGINS], [])
        ids = {account.username: account.id for account in found if account.is_ours}
        return [(login, ids[login.username]) for login in LOGINS if login.username in ids]
