"""Files that not everybody may see: opened by a signed link that expires, after a look at their row."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from itsdangerous import BadData, URLSafeSerializer

from marketplace.blueprints.integrations.ports import FileStore, PrivateFile
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound

FOLDER = "private"
"""What is stored below it is never served as a public file."""
PATH = "/files"
LIFE = timedelta(minutes=10)
"""How long a link is good at least; at most twice as long, see `PrivateFiles.link`."""
MAX_TOKEN = 512
"""Longer ones are refused unread; ours stay far below."""

Find = Callable[[int, str], PrivateFile | None]
"""By the id of a row and the right that its link was made for; None when that right is over."""


class PrivateFiles:
    """Links to files of rows. A domain registers a kind of row with the function that finds its file; what it
    does not find any more, no link opens.
    """

    def __init__(self, secret: str, files: FileStore, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._kinds: dict[str, Find] = {}
        self._serializer = URLSafeSerializer(
            secret, salt="integrations.private-file", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def register(self, kind: str, find: Find) -> None:
        """Raises ValueError for a kind that is taken."""
        if kind in self._kinds:
            raise ValueError(f"the private files {kind!r} are registered twice")
        self._kinds[kind] = find

    def link(self, kind: str, row_id: int, right: str) -> str:
        """A path that opens the file of a row for whoever has it, until `right` or its time is over.

        The same within a window of `LIFE`, so that answers that hold it can be cached.
        """
        token = self._serializer.dumps([kind, row_id, right, self._until(self._clock.now())])
        return f"{PATH}?{urlencode({'token': token})}"

    def open(self, token: str) -> tuple[PrivateFile, bytes]:
        """The file and its content. Raises NotFound for whatever keeps it back, Unavailable."""
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
        find = self._kinds.get(kind)
        if find is None or self._clock.now() >= datetime.fromtimestamp(until, UTC):
            return None
        return find(row_id, right)

    @staticmethod
    def _until(now: datetime) -> int:
        """Seconds since the epoch: the end of the next window."""
        life = int(LIFE.total_seconds())
        return (int(now.timestamp()) // life + 2) * life
