"""Errors of portfolios."""

from marketplace.kernel.errors import Conflict


class PortfolioFull(Conflict):
    """The portfolio has as many pictures as one may have."""

    code = "portfolio_full"
    title = "Your portfolio holds as many pictures as it can; delete one first"
    remedy = "Delete a picture, then send the new one."
