"""Signed page cursors: opaque to clients, bound to the list and the filters that they were made for."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from itsdangerous import BadPayload, URLSafeSerializer

from marketplace.kernel.errors import Malformed

MAX_LENGTH = 2048
"""Longer cursors are refused unread; ours stay far below."""
_FORM = re.compile(r"[A-Za-z0-9_.-]+")


class InvalidCursor(Malformed):
    """The cursor was not given out by this list with these filters, or was changed on the way."""

    code = "invalid_cursor"
    title = "The cursor is not one that this list gave out for these filters"
    remedy = (
        "Send `next` or `previous` of an answer as it is, with the same filters, or start again without a "
        "cursor."
    )


def fingerprint(name: str, filters: Mapping[str, Any]) -> str:
    """A short hash of the list's name, sort and filters; equal for equal meaning."""
    given = {key: value for key, value in filters.items() if value is not None}
    text = json.dumps([name, given], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class CursorSigner:
    """Signs a position within a list with a key derived from `secret`."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="cursor")
        self._signer = self._serializer.make_signer("cursor")

    def dump(self, position: str, bound_to: str) -> str:
        """The cursor for `position`, valid for the list whose fingerprint is `bound_to`."""
        return str(self._serializer.dumps([bound_to, position]))

    def load(self, cursor: str, bound_to: str) -> str:
        """The position inside `cursor`. Raises InvalidCursor if altered, foreign or for another filter."""
        if len(cursor) > MAX_LENGTH or not _FORM.fullmatch(cursor):
            raise InvalidCursor
        payload, _, signature = cursor.rpartition(".")
        # Compared as text: base64 has several forms of the same bytes, and only one of them was issued.
        if not hmac.compare_digest(self._signer.get_signature(payload), signature.encode()):
            raise InvalidCursor
        try:
            found, position = self._serializer.load_payload(payload.encode())
        except (BadPayload, ValueError, TypeError):
            raise InvalidCursor from None
        if found != bound_to or not isinstance(position, str):
            raise InvalidCursor
        return position
