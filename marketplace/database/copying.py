"""COPY: loads many rows fast, streamed so that memory stays flat however many there are."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from psycopg2 import sql
from psycopg2.errors import QueryCanceled
from sqlalchemy.orm import Session

_SPECIAL = re.compile(r"[\\\n\r\t]")
_ESCAPES = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_ARRAY_SPECIAL = re.compile(r'["\\]')
_BUFFER = 256 * 1024


def copy_field(value: Any) -> str:
    """`value` in COPY's text format. Lists become arrays, mappings JSON, times RFC 3339."""
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, Mapping):
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list | tuple):
        items = (_ARRAY_SPECIAL.sub(r"\\\g<0>", str(item)) for item in value)
        value = "{" + ",".join(f'"{item}"' for item in items) + "}"
    elif hasattr(value, "isoformat"):
        value = value.isoformat()
    return copy_text(str(value))


def copy_text(text: str) -> str:
    """`text` with the characters that are special to COPY escaped."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Store `rows` (values in the order of `columns`) within the session's transaction."""
    copy_lines(session, table, columns, ("\t".join(map(copy_field, row)) + "\n" for row in rows))


def copy_lines(session: Session, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Store finished lines of COPY's text format, each with its line feed."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    connection = session.connection().connection.driver_connection
    assert connection is not None
    source = _Lines(iter(lines))
    with connection.cursor() as cursor:
        try:
            cursor.copy_expert(statement, source, _BUFFER)
        except QueryCanceled:
            # psycopg2 drops an exception raised while it reads, even Ctrl-C, and keeps only its text.
            if source.error is not None:
                raise source.error from None
            raise


class _Lines:
    """A readable file made of lines as they arrive."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._rest = b""
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; empty at the end."""
        try:
            return self._read(size)
        except BaseException as error:
            self.error = error
            raise

    def _read(self, size: int) -> bytes:
        parts, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            line = next(self._lines, None)
            if line is None:
                break
            data = line.encode()
            parts.append(data)
            length += len(data)
        found = b"".join(parts)
        if size < 0:
            self._rest = b""
            return found
        self._rest = found[size:]
        return found[:size]
