"""How much work on pictures a user may ask for in a day."""

from marketplace.blueprints.accounts.errors import PicturesSpent
from marketplace.blueprints.accounts.policies import PICTURE_UNIT, PICTURES, PICTURES_UNVERIFIED
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

SCOPE = "pictures"


class PictureAllowance:
    """Counted before the work is done, and whatever comes of it: what cannot be decoded was work too."""

    def __init__(self, uow: UnitOfWork, budgets: Budgets) -> None:
        self._uow = uow
        self._budgets = budgets

    def spend(self, caller: Principal, pixels: int) -> None:
        """Count `pixels` for today (UTC), in a transaction of its own. Raises PicturesSpent."""
        if not pixels:
            return
        limit = PICTURES if caller.verified else PICTURES_UNVERIFIED
        with self._uow:
            if not self._budgets.spend(SCOPE, str(caller.user_id), limit, -(-pixels // PICTURE_UNIT)):
                raise PicturesSpent(
                    "Go on tomorrow (UTC), or send smaller pictures", retry_after=self._budgets.seconds_left()
                )
