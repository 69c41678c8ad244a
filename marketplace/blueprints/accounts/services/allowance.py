"""A daily limit on the work on pictures that a user may cause."""

from marketplace.blueprints.accounts.contracts import PictureAllowance
from marketplace.blueprints.accounts.errors import PicturesSpent
from marketplace.blueprints.accounts.policies import PICTURE_UNIT, PICTURES, PICTURES_UNVERIFIED
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

SCOPE = "pictures"


class PictureBudget(PictureAllowance):
    """Counts in PostgreSQL, with the other daily limits."""

    def __init__(self, uow: UnitOfWork, budgets: Budgets) -> None:
        self._uow = uow
        self._budgets = budgets

    def spend(self, caller: Principal, pixels: int) -> None:
        if not pixels:
            return
        limit = PICTURES if caller.verified else PICTURES_UNVERIFIED
        with self._uow:
            if not self._budgets.spend(SCOPE, str(caller.user_id), limit, -(-pixels // PICTURE_UNIT)):
                raise PicturesSpent(
                    "Go on tomorrow (UTC), or send smaller pictures", retry_after=self._budgets.seconds_left()
                )
