"""Interfaces that the services of onboarding need, and the files of an application."""

from datetime import datetime
from typing import Any, Protocol


class SentFile(Protocol):
    """A file as it was sent."""

    @property
    def filename(self) -> str | None: ...

    @property
    def stream(self) -> Any: ...


class ChecklistRepository(Protocol):
    def facts(self, performer_id: int, now: datetime) -> tuple[set[str], set[str]]:
        """The codes of the items that are done, and of those that wait for staff. Raises NotFound."""
        ...
