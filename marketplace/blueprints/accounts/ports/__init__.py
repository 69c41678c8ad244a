"""What the services of accounts need from outside."""

from marketplace.blueprints.accounts.ports.outside import FileStore, Mailer, Pictures, SmsSender, StoredFile
from marketplace.blueprints.accounts.ports.people import (
    AuditLog,
    ChangeQueue,
    SessionRepository,
    SessionView,
    SubmittedChange,
    UserDirectory,
    UserRepository,
    UserSearch,
    UserView,
)
from marketplace.blueprints.accounts.ports.proofs import (
    BudgetRepository,
    CodeRepository,
    Factor,
    PasswordHasher,
    SecondFactorRepository,
    SentCode,
    TokenMaker,
    TokenRepository,
    TotpCodes,
)

__all__ = [
    "AuditLog",
    "BudgetRepository",
    "ChangeQueue",
    "CodeRepository",
    "Factor",
    "FileStore",
    "Mailer",
    "PasswordHasher",
    "Pictures",
    "SecondFactorRepository",
    "SentCode",
    "SessionRepository",
    "SessionView",
    "SmsSender",
    "StoredFile",
    "SubmittedChange",
    "TokenMaker",
    "TokenRepository",
    "TotpCodes",
    "UserDirectory",
    "UserRepository",
    "UserSearch",
    "UserView",
]
