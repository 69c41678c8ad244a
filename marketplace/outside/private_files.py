"""Private files: opened by a signed link that expires, while the right behind the link still holds."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from itsdangerous import BadData, URLSafeSerializer

from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.outside.ports import FileStore, PrivateFile, PrivateKind, PrivateLinks

FOLDER = "private"
"""Files below this folder are never served as public files."""
PATH = "/files"
LIFE = timedelta(minutes=10)
"""The least validity of a link; at most twice as long, see `PrivateFiles.link`."""
MAX_TOKEN = 512
"""Longer ones are refused unread; ours stay far below."""


class PrivateFiles(PrivateLinks):
    """Links to files of rows, of the kinds that domains give."""

    def __init__(self, secret: str, files: FileStore, clock: Clock, kinds: Iterable[PrivateKind]) -> None:
        self._files = files
        self._clock = clock
        self._kinds = {kind.name: kind for kind in kinds}
        self._serializer = URLSafeSerializer(
            secret, salt="integrations.private-file", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def link(self, kind: str, row_id: int, right: str) -> str:
        token = self._serializer.dumps([kind, row_id, right, self._until(self._clock.now())])
        return f"{PATH}?{urlencode({'token': token})}"

    def open(self, token: str) -> tuple[PrivateFile, bytes]:
        """The file and its content. Raises NotFound whatever the reason of a refusal, and Unavailable."""
        found = self._find(token)
        content = None if found is None else self._files.get(found.key)
        if found is None or content is None:
            raise NotFound
        return found, content

    def _find(self, token: str) -> PrivateFile | None:
        if len(token) > MAX_TOKEN:
            return None
        try:
            kind, row_id, right, until = self._serializer.loads(token)
        except BadData:
            return None
        known = self._kinds.get(kind)
        if known is None or self._clock.now() >= datetime.fromtimestamp(until, UTC):
            return None
        return known.find(row_id, right)

    @staticmethod
    def _until(now: datetime) -> int:
        """Seconds since the epoch: the end of the next window."""
        life = int(LIFE.total_seconds())
        return (int(now.timestamp()) // life + 2) * life
