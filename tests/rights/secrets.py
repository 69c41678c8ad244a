"""What no answer shows, and what only some routes show (OWASP API3, excessive data exposure)."""

from collections.abc import Iterator
from typing import Any

from werkzeug.test import TestResponse

from tests.rights.scenario import BLOCKED_REASON, NOTE_TO_STAFF

NEVER = {
    "archive",
    "avatar_key",
    "code_hash",
    "key_hash",
    "nonce",
    "password",
    "password_hash",
    "previous_hash",
    "refresh_hash",
    "request_hash",
    "secret",
    "token_hash",
}
"""Columns, and what they are made of."""
SHOWN_ONCE = {("POST", "/user/me/totp", "secret")}
"""The secret of a new second factor has to be typed into an app."""
FOR_STAFF = {"blocked_at", "blocked_reason", "hidden_at", "hidden_reason", "last_error", "note_to_staff"}
"""Keys that only routes below /admin show."""
TO_OWNERS = {
    (method, path, key)
    for method, path in (
        ("GET", "/performers/me/services"),
        ("POST", "/services"),
        ("PATCH", "/services/{service_id}"),
    )
    for key in ("hidden_at", "hidden_reason")
}
"""A performer reads why staff hid a service."""
TEXTS_FOR_STAFF = (BLOCKED_REASON, NOTE_TO_STAFF)
PROBLEM = {"type", "title", "status", "detail", "code", "request_id"}
PROBLEM_EXTRAS = {"allowed_transitions", "errors", "order_status"}
"""Members that some codes have besides."""


def keys_of(value: Any) -> Iterator[str]:
    """Every key, at whatever depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def leak(response: TestResponse, method: str, path: str) -> str | None:
    """What the answer of `path` (a template without the version) shows and should not; None when all is well."""
    if path.endswith(".json"):
        return None  # a document: it names everything and holds nothing
    body: Any = response.get_json(silent=True)
    shown = {key for key in keys_of(body) if (method, path, key) not in SHOWN_ONCE}
    text = response.get_data(as_text=True) if "json" in (response.mimetype or "") else ""
    found = sorted(shown & NEVER)
    if "$argon2" in text:
        found.append("a password hash")
    if not path.startswith("/admin/"):
        found += sorted(key for key in shown & FOR_STAFF if (method, path, key) not in TO_OWNERS)
        found += [secret for secret in TEXTS_FOR_STAFF if secret in text]
    if response.mimetype == "application/problem+json":
        found += sorted(set(body) - PROBLEM - PROBLEM_EXTRAS)
    return f"shows {', '.join(found)}" if found else None
