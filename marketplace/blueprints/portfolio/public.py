"""Functions of portfolios that other domains may call."""

from marketplace.blueprints.portfolio.contracts import PortfolioShelf
from marketplace.blueprints.portfolio.wiring import Portfolio
from marketplace.web.runtime import Runtime


def shelf(parts: Runtime) -> PortfolioShelf:
    """Public reads of portfolios."""
    return parts.get(Portfolio).rows
