"""Stored answers of idempotent requests, unreadable without the client's key."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select

from marketplace.database.repository import SqlRepository
from marketplace.database.tables import IdempotencyKey
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.errors import Conflict

KEEP_HOURS = 24


class AnswerUnreadable(Conflict):
    """The first request with this Idempotency-Key was carried out, but the server's secret has changed
    since, so that the stored answer cannot be read.
    """

    code = "idempotency_answer_unreadable"
    title = "The first request with this Idempotency-Key was carried out, but its answer cannot be read"
    remedy = (
        "Do not send the request with a new key: it was carried out. Read the resource that it created or "
        "moved."
    )


@dataclass(frozen=True)
class StoredAnswer:
    """An answer as it was sent, and the hash of its request."""

    request_hash: bytes
    status: int
    headers: dict[str, str]
    body: bytes


class IdempotencyStore(SqlRepository):
    """Answers by scope (the caller) and key. Bodies are encrypted with a key derived from `secret` and
    the client's own key, of which only a hash is kept: an answer may hold tokens.
    """

    def __init__(self, uow: SqlUnitOfWork, secret: str) -> None:
        super().__init__(uow)
        self._secret = secret

    def find(self, scope: str, key: str) -> StoredAnswer | None:
        """The stored answer; rows older than 24 hours count as absent. Raises AnswerUnreadable."""
        statement = select(IdempotencyKey).where(
            IdempotencyKey.scope == scope, IdempotencyKey.key_hash == _hash(key)
        )
        row = self.session.execute(statement).scalar_one_or_none()
        if row is None:
            return None
        if (self._uow.database_now() - row.created_at).total_seconds() > KEEP_HOURS * 3600:
            self.session.delete(row)
            self.session.flush()
            return None
        try:
            body = self._cipher(scope, key).decrypt(row.body)
        except InvalidToken:
            raise AnswerUnreadable from None
        return StoredAnswer(row.request_hash, row.status, row.headers, body)

    def add(self, scope: str, key: str, answer: StoredAnswer) -> None:
        """Store `answer` in the current transaction."""
        self.session.add(
            IdempotencyKey(
                scope=scope,
                key_hash=_hash(key),
                request_hash=answer.request_hash,
                status=answer.status,
                headers=answer.headers,
                body=self._cipher(scope, key).encrypt(answer.body),
            )
        )
        self.session.flush()

    def _cipher(self, scope: str, key: str) -> Fernet:
        material = f"idempotency\0{scope}\0{key}".encode()
        derived = hmac.new(self._secret.encode(), material, hashlib.sha256).digest()
        return Fernet(base64.urlsafe_b64encode(derived))


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
