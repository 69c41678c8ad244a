"""The raw body and query of a request; truncated, oversized, encoded or mislabelled ones are refused."""

import io
import sys
from typing import IO, Any, cast
from urllib.parse import parse_qsl

from flask import Request, current_app
from werkzeug.utils import cached_property

from marketplace.kernel.errors import AppError, Malformed, TooLarge, UnsupportedMedia
from marketplace.kernel.texts import Text
from marketplace.web.hardened.forms import StrictFormParser

MAX_JSON_BYTES = 256 * 1024
"""Largest JSON body in bytes; the app's config value of the same name overrides it."""
MAX_PARAMETERS = 1_000
_PIECE = 64 * 1024


class _SentBody(io.RawIOBase):
    """The body as its headers announce it: a truncated or oversized one is an error, not a shorter body.

    Each server has its own errors for a body that it cannot read.
    """

    def __init__(self, stream: IO[bytes], length: int | None, limit: int | None) -> None:
        self._stream = stream
        self._length = length
        self._most = sys.maxsize if limit is None else limit
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer. Raises Malformed or TooLarge, as every way of reading does."""
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._take(_PIECE), b""))

    def _take(self, size: int) -> bytes:
        left = sys.maxsize if self._length is None else self._length - self._count
        # One byte beyond the limit tells a longer body from one that just fits.
        wanted = min(size, left, self._most + 1 - self._count)
        if wanted == 0:
            return b""
        try:
            data = self._stream.read(wanted)
        except AppError:
            raise
        except Exception as error:  # ours are not among them: nothing else of the program is called here
            raise Malformed("The body cannot be read.") from error
        self._count += len(data)
        if self._count > self._most:
            raise TooLarge
        if not data and self._length is not None:
            raise Malformed("The body is shorter than its Content-Length.")
        return data


class HardenedRequest(Request):
    """The app's `request_class`: bodies and forms are read strictly, whatever reads them first."""

    form_data_parser_class = StrictFormParser

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, to be read once, up to `max_content_length`. Raises UnsupportedMedia or TooLarge."""
        length, limit = self.content_length, self.max_content_length
        is_chunked = "HTTP_TRANSFER_ENCODING" in self.environ
        coding = self.headers.get("Content-Encoding", "").strip().lower()
        if coding not in {"", "identity"} and (length or is_chunked):
            raise UnsupportedMedia("Send the body as it is, without Content-Encoding.")
        if length is not None and limit is not None and length > limit:
            raise TooLarge
        if length is None and "wsgi.input_terminated" not in self.environ:
            return io.BytesIO()  # nothing says where the body ends
        return cast("IO[bytes]", _SentBody(self.environ["wsgi.input"], length, limit))


def is_json_type(request: Request) -> bool:
    """Whether the body claims to be JSON, in UTF-8.

    Types such as `application/merge-patch+json` require more than that, and no route supports it.
    """
    if request.mimetype != "application/json":
        return False
    return request.mimetype_params.get("charset", "utf-8").lower() in {"utf-8", "utf8"}


def read_body(request: Request) -> bytes:
    """The raw body, also of a chunked request without length. Raises TooLarge beyond MAX_JSON_BYTES."""
    limit = int(current_app.config.get("MAX_JSON_BYTES", MAX_JSON_BYTES))
    declared = request.content_length
    if declared is not None and declared > limit:
        raise TooLarge(Text("A JSON body may have at most {limit:,} bytes.", limit=limit), limit=limit)
    before = request.max_content_length
    request.max_content_length = limit if before is None else min(limit, before)
    try:
        raw = request.get_data(cache=True)
    except TooLarge:
        raise TooLarge(
            Text("A JSON body may have at most {limit:,} bytes.", limit=limit), limit=limit
        ) from None
    return raw


def read_query(request: Request) -> list[tuple[str, str]]:
    """The query's names and values in order. Raises Malformed when it is not UTF-8 or has too many."""
    try:
        return parse_qsl(
            request.query_string.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except UnicodeDecodeError:
        raise Malformed("The query string is not percent-encoded UTF-8.") from None
    except ValueError:
        raise Malformed(
            Text("The query string has more than {limit:,} parameters.", limit=MAX_PARAMETERS)
        ) from None
