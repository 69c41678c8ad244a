"""The archive of an export, written without holding it in memory, and the link that fetches it."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from marketplace.blueprints.accounts.privacy_ports import ExportSection

MAX_TOKEN = 512
"""Longer ones are refused unread; ours stay far below."""


class ExportLinks:
    """Tokens signed with a key derived from the server's secret; the time in them is the program's."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(
            secret, salt="accounts.data-export", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def sign(self, export_id: int, user_id: int, until: datetime) -> str:
        """A token that stands for the right to fetch one export until then."""
        return str(self._serializer.dumps([export_id, user_id, int(until.timestamp())]))

    def read(self, token: str, now: datetime) -> tuple[int, int] | None:
        """(export id, user id); None for a token that is bent, of another key or over."""
        if len(token) > MAX_TOKEN:
            return None
        try:
            export_id, user_id, until = self._serializer.loads(token)
        except (BadData, ValueError, TypeError):
            return None
        return (export_id, user_id) if now.timestamp() < until else None


def write_archive(
    file: IO[bytes], texts: Mapping[str, str], sections: Sequence[ExportSection], user_id: int, at: datetime
) -> None:
    """A ZIP with the `texts` by their names, and one JSON array for each section; `at` dates its files."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in texts.items():
            archive.writestr(_entry(name, at), content)
        for section in sections:
            with archive.open(_entry(f"{section.name}.json", at), "w", force_zip64=True) as entry:
                entry.writelines(_json_array(section.collect(user_id)))


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    local = at.astimezone(UTC)
    info = zipfile.ZipInfo(name, (local.year, local.month, local.day, local.hour, local.minute, local.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _json_array(rows: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    separator = b"[\n"
    for row in rows:
        yield separator + json.dumps(dict(row), ensure_ascii=False, default=_plain).encode()
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _plain(value: object) -> str:
    """Times as the API writes them. Raises TypeError for what a section must not hold."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"an export holds no {type(value).__name__}")
