"""Takes secrets and personal data out of logs, error reports and traces."""

import math
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

REDACTED = "[redacted]"
MAX_TEXT = 8192
MAX_DEPTH = 8
MAX_ITEMS = 200
MAX_INTEGER_BITS = 1024

# A key is secret when one of its words is: `refresh_token`, `X-Api-Key`, `newPassword`.
_SECRET_WORDS = frozenset(
    {
        "password",
        "passwords",
        "passwd",
        "pwd",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "tokens",
        "jwt",
        "authorization",
        "cookie",
        "cookies",
        "otp",
        "totp",
        "credential",
        "credentials",
        "apikey",
        "dsn",
        "body",
        "bearer",
    }
)
# These are secret only as a whole key: `code` is a one-time code, `country_code` is not.
_SECRET_KEYS = frozenset(
    {
        "code",
        "codes",
        "login",
        "api_key",
        "private_key",
        "access_key",
        "sms_code",
        "recovery_code",
        "recovery_codes",
        "pin",
    }
)
_HARMLESS_KEYS = frozenset({"token_type"})
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")

_VALUE = r"""(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s&,;"'<>)}\]]+)"""
_TEXT_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # SQLAlchemy and PostgreSQL repeat the row in their messages.
    (re.compile(r"\[parameters: [^\n]*"), f"[parameters: {REDACTED}]"),
    (
        re.compile(r"Failing row contains .*?(?=\n\[SQL|\n\nThe above|\n\nDuring handling|\Z)", re.DOTALL),
        f"Failing row contains {REDACTED}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+"), rf"\1 {REDACTED}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"), REDACTED),
    # The secret is the whole of what opens a feed.
    (re.compile(r"(?i)(/feeds/)[A-Za-z0-9_%-]+"), rf"\1{REDACTED}"),
    (re.compile(r"(://)[^\s/@:]*:[^\s/@]*@"), rf"\1{REDACTED}@"),
    (
        re.compile(
            r"(?i)((?:password|passwd|pwd|secret|token|authorization|cookie|otp|api[_-]?key)"
            r"""["']?\s{0,8}[=:]\s{0,8})(?!\[redacted\])""" + _VALUE
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"""(?i)((?:[?&]code=|["']code["']\s{0,8}:\s{0,8}))""" + _VALUE), rf"\1{REDACTED}"),
)

# Every pattern needs one of these: most texts have none, and one search is cheaper than seven.
_SUSPICIOUS = re.compile(
    r"(?i)parameters: |failing row|bearer|basic|eyj|://|passw|pwd|secret|token|authorization|cookie|otp|api[_-]?key|code|/feeds/"
)


def is_secret_key(key: str) -> bool:
    """Whether the value under this name must not be shown."""
    words = [word.lower() for word in _WORDS.findall(key)]
    name = "_".join(words)
    if name in _HARMLESS_KEYS:
        return False
    return name in _SECRET_KEYS or "api_key" in name or not _SECRET_WORDS.isdisjoint(words)


def redact_text(text: str) -> str:
    """The text with bearer tokens, JWTs, URL passwords and `password=...` replaced; cut at 8,192."""
    if len(text) > MAX_TEXT:
        text = f"{text[: MAX_TEXT // 2]}...[{len(text) - MAX_TEXT} characters]...{text[-MAX_TEXT // 2 :]}"
    if _SUSPICIOUS.search(text):
        for pattern, replacement in _TEXT_PATTERNS:
            text = pattern.sub(replacement, text)
    if text.isascii():
        return text
    # A lone surrogate is valid in Python, but not in the JSON of others.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def redact(value: Any, *, max_depth: int = MAX_DEPTH) -> Any:
    """A copy of JSON types only, with all secrets replaced; never raises for odd values."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, bool | int | float):
        return _plain_number(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _redact_items(value, max_depth - 1) if max_depth > 0 else "[too deep]"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    try:
        return redact_text(str(value))
    except Exception:  # noqa: BLE001 - a broken __str__ must not lose the log line
        return f"[unprintable {type(value).__name__}]"


def _redact_items(value: Mapping[Any, Any] | Collection[Any], max_depth: int) -> dict[str, Any] | list[Any]:
    if not isinstance(value, Mapping):
        return [redact(item, max_depth=max_depth) for item in list(value)[:MAX_ITEMS]]
    cleaned = {}
    for key, item in islice(value.items(), MAX_ITEMS):
        name, is_secret = _name(key if isinstance(key, str) else repr(key))
        cleaned[name] = REDACTED if is_secret else redact(item, max_depth=max_depth)
    return cleaned


@lru_cache(1024)
def _name(key: str) -> tuple[str, bool]:
    """A key as text, and whether its value is secret."""
    name = redact_text(key)
    return name, is_secret_key(name)


def _plain_number(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    # str() of an int beyond 4,300 digits raises; nothing of that size belongs in a log.
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        return "[huge integer]"
    return value
