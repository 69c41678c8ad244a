"""Reads typed values from the variables of an environment; an error names the variable."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from marketplace.kernel.week import Spans, parse_week

# A number or short code, a name with a letter, or a service (Twilio, Alphanumeric Sender ID; What is a SID).
SMS_SENDER = re.compile(r"\+?[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}|MG[0-9a-fA-F]{32}")
_BASE_URL = re.compile(
    r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*"
)


class StartError(Exception):
    """Why the program does not start, in one line."""


class ConfigError(StartError):
    """A setting that cannot be used; the message is one line that names it."""


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc != "" and text.endswith(f"://{parts.netloc}")


class Reader:
    """Reads variables, with errors of one line; an empty variable counts as absent."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {key: value for key, value in environ.items() if value.strip()}

    def text(self, name: str) -> str | None:
        value = self._environ.get(name)
        return None if value is None else value.strip()

    def choice(self, name: str, default: str, allowed: tuple[str, ...], *, upper: bool = False) -> str:
        value = self.text(name) or default
        value = value.upper() if upper else value.lower()
        if value not in allowed:
            raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value[:20]) <= high:
            raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    def ports(self, name: str, default: str) -> tuple[int, ...]:
        texts = [one.strip() for one in (self.text(name) or default).split(",")]
        if not all(one.isascii() and one.isdigit() and 0 < int(one[:6]) < 2**16 for one in texts):
            raise ConfigError(f"{name} must be ports from 1 to 65535, separated by commas")
        return tuple(int(one) for one in texts)

    def fraction(self, name: str, default: float) -> float:
        value = self.text(name)
        try:
            number = default if value is None else float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            raise ConfigError(f"{name} must be a number from 0 to 1, not {value!r}")
        return number

    def week(self, name: str, default: str) -> Spans:
        value = self.text(name) or default
        try:
            return parse_week("" if value == "none" else value)
        except ValueError as error:
            raise ConfigError(f"{name} must be hours of a week or `none`: {error}") from None

    def flag(self, name: str, *, default: bool) -> bool:
        value = (self.text(name) or str(default)).lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise ConfigError(f"{name} must be true or false, not {value!r}")

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            scheme = parts.scheme if parts.port is None or parts.port > 0 else ""
        except ValueError:
            scheme = ""
        if scheme not in schemes:
            # The value is not shown: a URL may hold a password.
            allowed = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ConfigError(f"{name} must be a URL that starts with {allowed}")
        return value

    def base_url(self, name: str) -> str | None:
        """An address that paths are added to, without the slash at its end."""
        value = (self.url(name, ("http", "https")) or "").rstrip("/")
        if value and not _BASE_URL.fullmatch(value):
            raise ConfigError(f"{name} must be an address without query, such as https://app.example.org")
        return value or None

    def database_url(self) -> str | None:
        value = self.url("DATABASE_URL", ("postgresql", "postgres", "postgresql+psycopg2"))
        if value is None:
            return None
        # SQLAlchemy 2.1 takes the bare scheme for psycopg 3; the program is built on psycopg2.
        return "postgresql+psycopg2://" + value.split("://", 1)[1]

    def origins(self, name: str) -> tuple[str, ...]:
        found = []
        for raw in (self.text(name) or "").split(","):
            origin = raw.strip().rstrip("/")
            if not origin:
                continue
            if origin != "*" and not _is_origin(origin):
                raise ConfigError(f"{name} must list origins such as https://app.example.org, not {origin!r}")
            found.append(origin)
        return tuple(found)

    def sms_sender(self, name: str) -> str:
        value = self.text(name) or ""
        if value and not SMS_SENDER.fullmatch(value):
            raise ConfigError(
                f"{name} must be a number such as +15005550006, a name of up to 11 letters and digits, "
                f"or the id of a messaging service (MG...), not {value!r}"
            )
        return value

    def rate(self, name: str, default: str) -> str:
        value = self.text(name) or default
        count, _, unit = (part.strip() for part in value.partition("/"))
        units = ("second", "minute", "hour", "day")
        if not (count.isascii() and count.isdigit() and int(count[:20]) > 0 and unit in units):
            raise ConfigError(f"{name} must look like 100/minute (per {', '.join(units)}), not {value!r}")
        return f"{int(count)}/{unit}"
