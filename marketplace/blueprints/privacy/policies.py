"""The rules of privacy: how long a copy of the data is kept, and when an account is emptied."""

from datetime import timedelta
from enum import StrEnum

EXPORT_DAYS = 7
"""How long a copy is kept."""
EXPORT_HOURS = 6
"""The time after which an unfinished copy is given up."""
EXPORT_LINK = timedelta(minutes=15)
"""How long a link to a copy works."""
ANONYMISE_BATCH = 200


class ExportStatus(StrEnum):
    """The states of a copy of a user's data."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
