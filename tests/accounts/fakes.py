"""Sessions in memory; they pass the same tests as those in SQL (test_session_repository.py)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from marketplace.models.accounts import UserSession


class Sessions(Protocol):
    """What the fake keeps of a SessionRepository."""

    def add(self, session: UserSession) -> None: ...

    def find(self, session_id: int) -> UserSession | None: ...

    def revoke(
        self, user_ids: Sequence[int], at: datetime, *, only: int | None = None, besides: int | None = None
    ) -> list[tuple[int, int]]: ...


class FakeSessions(Sessions):
    """`rows` may be looked at."""

    def __init__(self) -> None:
        self.rows: list[UserSession] = []

    def add(self, session: UserSession) -> None:
        session.id = len(self.rows) + 1
        self.rows.append(session)

    def find(self, session_id: int) -> UserSession | None:
        return next((row for row in self.rows if row.id == session_id), None)

    def revoke(
        self, user_ids: Sequence[int], at: datetime, *, only: int | None = None, besides: int | None = None
    ) -> list[tuple[int, int]]:
        ended = [
            row
            for row in self.rows
            if row.user_id in user_ids
            and row.revoked_at is None
            and (row.id == only if only is not None else row.expires_at > at)
            and row.id != besides
        ]
        for row in ended:
            row.revoked_at = at
        return [(row.user_id, row.id) for row in ended]
