"""Links that fetch copies of data, signed by itsdangerous."""

import hashlib
from datetime import datetime

from itsdangerous import BadData, URLSafeSerializer

from marketplace.blueprints.privacy.ports import LinkSigner

MAX_TOKEN = 512
"""Longer tokens are refused unread; real ones are far shorter."""


class ExportLinks(LinkSigner):
    """Tokens signed with a key derived from the server's secret; their time comes from the program's
    clock.
    """

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(
            secret, salt="accounts.data-export", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def sign(self, export_id: int, user_id: int, until: datetime) -> str:
        return str(self._serializer.dumps([export_id, user_id, int(until.timestamp())]))

    def read(self, token: str, now: datetime) -> tuple[int, int] | None:
        if len(token) > MAX_TOKEN:
            return None
        try:
            export_id, user_id, until = self._serializer.loads(token)
        except (BadData, ValueError, TypeError):
            return None
        return (export_id, user_id) if now.timestamp() < until else None
