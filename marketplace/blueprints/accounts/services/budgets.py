"""Daily limits, counted in PostgreSQL, so that they hold when Redis fails."""

from datetime import datetime, time, timedelta

from marketplace.blueprints.accounts.errors import BudgetSpent
from marketplace.blueprints.accounts.policies import (
    KNOWN_ADDRESS,
    MAILS_PER_ADDRESS,
    MAILS_PER_USER,
    Allowance,
)
from marketplace.blueprints.accounts.ports.people import SessionRepository
from marketplace.blueprints.accounts.ports.proofs import BudgetRepository, TokenMaker
from marketplace.kernel.clock import Clock


class Budgets:
    """Used inside the unit of work of the action that spends: a rollback takes the count back too."""

    def __init__(
        self, budgets: BudgetRepository, sessions: SessionRepository, tokens: TokenMaker, clock: Clock
    ) -> None:
        self._budgets = budgets
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock

    def spend(self, scope: str, key: str, limit: int, amount: int = 1) -> bool:
        """Count `amount` for today (UTC); False, and nothing counted, if that would exceed `limit`."""
        return self._budgets.spend(scope, self._key(scope, key), self._clock.now().date(), limit, amount)

    def refund(self, scope: str, key: str) -> None:
        """Subtract one from today's count."""
        self._budgets.refund(scope, self._key(scope, key), self._clock.now().date())

    def spend_guarded(
        self, scope: str, key: str, allowance: Allowance, owner_id: int | None, ip: str
    ) -> bool:
        """As `spend`; when strangers have used up their part, the owner of the account may still spend from
        an address of the last KNOWN_ADDRESS days.
        """
        if self.spend(scope, key, allowance.strangers):
            return True
        if owner_id is None:
            return False
        known = self._sessions.knows_address(owner_id, ip, self._clock.now() - KNOWN_ADDRESS)
        return known and self.spend(scope, key, allowance.total)

    def spend_mail(self, user_id: int, email: str) -> bool:
        """Count a mail that asks to confirm `email`, once for the requester and once for the recipient."""
        return self.spend("mails", str(user_id), MAILS_PER_USER) and self.spend(
            "mails_to", email.lower(), MAILS_PER_ADDRESS
        )

    def require(self, *, paid: bool) -> None:
        """Raises BudgetSpent, with the time until the next day begins, unless `paid`."""
        if not paid:
            raise BudgetSpent(retry_after=self.seconds_left())

    def seconds_left(self) -> int:
        """Seconds until the next day begins."""
        return _seconds_left(self._clock.now())

    def purge(self) -> None:
        """Delete the days before yesterday."""
        self._budgets.purge(self._clock.now().date() - timedelta(days=1))

    def _key(self, scope: str, key: str) -> bytes:
        return self._tokens.keyed_digest(f"budget.{scope}", key)


def _seconds_left(now: datetime) -> int:
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return int((tomorrow - now).total_seconds()) + 1
