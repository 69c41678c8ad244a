"""The SQL of accounts."""

from marketplace.blueprints.accounts.repositories.privacy import (
    SqlAccountRecords,
    SqlExportRepository,
    SqlOldSessions,
)
from marketplace.blueprints.accounts.repositories.secrets import (
    SqlBudgetRepository,
    SqlCodeRepository,
    SqlSecondFactorRepository,
    SqlTokenRepository,
)
from marketplace.blueprints.accounts.repositories.sessions import SqlSessionRepository
from marketplace.blueprints.accounts.repositories.statistics import SqlStatistics
from marketplace.blueprints.accounts.repositories.users import SqlUserDirectory, SqlUserRepository

__all__ = [
    "SqlAccountRecords",
    "SqlBudgetRepository",
    "SqlCodeRepository",
    "SqlExportRepository",
    "SqlOldSessions",
    "SqlSecondFactorRepository",
    "SqlSessionRepository",
    "SqlStatistics",
    "SqlTokenRepository",
    "SqlUserDirectory",
    "SqlUserRepository",
]
