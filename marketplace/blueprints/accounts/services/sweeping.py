"""The sweep: removes codes, tokens, sessions and daily counts that are over."""

from datetime import timedelta

from marketplace.blueprints.accounts.policies import OLD_SESSIONS, OLD_TOKENS
from marketplace.blueprints.accounts.ports.people import SessionRepository
from marketplace.blueprints.accounts.ports.proofs import CodeRepository, TokenRepository
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork


class Sweeper:
    """`session_life` is how long a session lasts from its last refresh."""

    def __init__(
        self,
        uow: UnitOfWork,
        codes: CodeRepository,
        tokens: TokenRepository,
        sessions: SessionRepository,
        budgets: Budgets,
        clock: Clock,
        session_life: timedelta,
    ) -> None:
        self._uow = uow
        self._codes = codes
        self._tokens = tokens
        self._sessions = sessions
        self._budgets = budgets
        self._clock = clock
        self._session_life = session_life

    def sweep(self) -> None:
        """Remove everything that is over, in one transaction."""
        with self._uow:
            now = self._clock.now()
            self._codes.purge(now)
            self._tokens.purge(now - OLD_TOKENS)
            self._sessions.purge(now - OLD_SESSIONS, self._session_life)
            self._budgets.purge()
