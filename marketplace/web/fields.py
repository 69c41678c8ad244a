"""Field types that refuse what the database or the contract cannot hold; schemas may use no others."""

import enum
import math
import re
import unicodedata
import uuid
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, TypeVar
from urllib.parse import urlsplit

import marshmallow as ma
import phonenumbers
from babel import Locale as BabelLocale
from babel.core import UnknownLocaleError
from marshmallow.types import ErrorMessages
from werkzeug.datastructures import FileStorage

from marketplace.kernel.money import CURRENCIES
from marketplace.kernel.money import Money as MoneyValue

T = TypeVar("T")

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
INT64_MAX = 2**63 - 1
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Times outside are typing errors; inside, every offset can be turned into UTC without overflow."""
MAX_AMOUNT = 10**15
"""Largest amount of money in minor units: sums of thousands of them still fit into a bigint."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DIGITS = re.compile("-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class Parameter(str):
    """Text from a query, form, path or header, where every value is text: numbers are taken from it."""

    __slots__ = ()


class Hardened:
    """Marks the fields that a schema may use, and says what OpenAPI (3.1) is to say of each."""

    structured: ClassVar[bool] = False
    """Whether the value is an object or array, and therefore a JSON string within a form."""

    default_error_messages: ErrorMessages = {
        "required": "This field is required.",
        "null": "This must not be null.",
        "validator_failed": "This value is not allowed.",
    }

    def openapi(self) -> dict[str, Any]:
        """The JSON Schema of the value, without null."""
        return {}


class Scalar(Hardened, ma.fields.Field[T]):
    """Base of the fields that hold one value: `take` reads it, `give` writes it."""

    def take(self, value: Any) -> Any:
        """The value inside, from what came in. Raises marshmallow's ValidationError."""
        return value

    def give(self, value: Any) -> Any:
        """The value for JSON; never asked for None."""
        return value

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else self.give(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self.take(value)


class Str(Scalar[str]):
    """One line of text: trimmed, in NFC, without control characters.

    `min_length` and `max_length` count characters after that. `pattern` must match the whole.
    """

    multiline: ClassVar[bool] = False
    format: ClassVar[str | None] = None
    default_error_messages = {
        "type": "This must be text.",
        "control": "Control characters are not allowed.",
        "unicode": "This must be valid Unicode text.",
        "short": "Write at least {limit} character(s).",
        "long": "Write at most {limit} characters.",
        "pattern": "This does not have the form that is asked for.",
    }

    def __init__(
        self,
        *,
        max_length: int = 255,
        min_length: int = 1,
        trim: bool = True,
        pattern: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_length = max_length
        self.min_length = min_length
        self.trim = trim
        self.pattern = None if pattern is None else re.compile(pattern, re.ASCII)

    def give(self, value: Any) -> Any:
        return str(value)

    def take(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("type")
        return self.clean(str(value))

    def clean(self, text: str) -> str:
        """`text` as it is kept. Raises marshmallow's ValidationError."""
        if _SURROGATE.search(text):
            raise self.make_error("unicode")
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n") if self.multiline else text)
        if self.trim:
            text = text.strip()
        if (_CONTROL_BUT_LINES if self.multiline else _CONTROL).search(text):
            raise self.make_error("control")
        if len(text) < self.min_length:
            raise self.make_error("short", limit=self.min_length)
        if len(text) > self.max_length:
            raise self.make_error("long", limit=self.max_length)
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise self.make_error("pattern")
        return text

    def openapi(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "string", "maxLength": self.max_length}
        if self.min_length:
            found["minLength"] = self.min_length
        if self.format:
            found["format"] = self.format
        if self.pattern is not None:
            found["pattern"] = f"^(?:{self.pattern.pattern})$"
        elif not self.dump_only and self.format is None:
            found["pattern"] = self._text_pattern()
        return found

    def _text_pattern(self) -> str:
        """No control characters and, where blanks are trimmed and something must be left, one visible."""
        barred = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f" if self.multiline else r"\x00-\x1f\x7f-\x9f"
        if self.trim and self.min_length:
            return rf"^[^{barred}]*[^{barred}\s][^{barred}]*$"
        return rf"^[^{barred}]*$"


class Text(Str):
    """Several lines of text; tabs and line feeds are allowed, CRLF becomes LF. May be empty unless told."""

    multiline = True

    def __init__(self, *, max_length: int = 4_000, min_length: int = 0, **options: Any) -> None:
        super().__init__(max_length=max_length, min_length=min_length, **options)


class Username(Str):
    """3 to 50 ASCII letters, digits, `.`, `_`, `-`; never looks like an e-mail address or a phone."""

    default_error_messages = {
        "pattern": "Use letters, digits, '.', '_' and '-' only, with a letter, digit or '_' first.",
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_length", 3)
        options.setdefault("max_length", 50)
        super().__init__(pattern="[A-Za-z0-9_][A-Za-z0-9._-]*", **options)


class Slug(Str):
    """Lower-case ASCII words joined by hyphens, for addresses."""

    default_error_messages = {"pattern": "Use lower-case letters, digits and single hyphens between them."}

    def __init__(self, *, max_length: int = 120, **options: Any) -> None:
        super().__init__(pattern="[a-z0-9]+(?:-[a-z0-9]+)*", max_length=max_length, **options)


class Email(Str):
    """An address that mail can be sent to: ASCII local part, the domain in lower case and as IDNA."""

    format = "email"
    default_error_messages = {"email": "This is not an e-mail address such as name@example.org."}
    _LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
    _DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, min_length=3, **options)

    def clean(self, text: str) -> str:
        local, at, domain = super().clean(text).rpartition("@")
        if not at or len(local) > 64 or not self._LOCAL.fullmatch(local):  # noqa: PLR2004 - RFC 5321, 4.5.3.1.1
            raise self.make_error("email")
        if not domain.isascii():
            try:
                domain = domain.encode("idna").decode("ascii")
            except UnicodeError:
                raise self.make_error("email") from None
        domain = domain.lower()
        address = f"{local}@{domain}"
        if not self._DOMAIN.fullmatch(domain) or len(address) > self.max_length:
            raise self.make_error("email")
        return address


class Phone(Str):
    """An international number (`+` and the country code), kept as E.164; only ASCII digits."""

    default_error_messages = {"phone": "Write the number with + and the country code, such as +442071838750."}
    _WRITTEN = re.compile(r"\+[0-9][0-9 ().-]{5,30}")

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=32, min_length=8, **options)

    def clean(self, text: str) -> str:
        text = super().clean(text)
        if not self._WRITTEN.fullmatch(text):
            raise self.make_error("phone")
        try:
            number = phonenumbers.parse(text, None)
        except phonenumbers.NumberParseException:
            raise self.make_error("phone") from None
        if not phonenumbers.is_possible_number(number):
            raise self.make_error("phone")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def openapi(self) -> dict[str, Any]:
        return {**super().openapi(), "pattern": r"^\+[0-9][0-9 ().-]{5,30}$", "example": "+442071838750"}


class Password(Str):
    """A secret: taken in, never given out nor repeated in a message; at most 128 characters."""

    format = "password"

    def __init__(self, *, min_length: int = 1, **options: Any) -> None:
        super().__init__(max_length=128, min_length=min_length, trim=False, load_only=True, **options)

    def clean(self, text: str) -> str:
        if _UNSTORABLE.search(text):
            raise self.make_error("unicode")
        # One password typed on two systems may be composed in two ways.
        text = unicodedata.normalize("NFC", text)
        if len(text) < self.min_length:
            raise self.make_error("short", limit=self.min_length)
        if len(text) > self.max_length:
            raise self.make_error("long", limit=self.max_length)
        return text


class Url(Str):
    """An absolute http(s) address without credentials."""

    format = "uri"
    default_error_messages = {"url": "This must be an address such as https://example.org/page."}

    def __init__(
        self, *, max_length: int = 2_048, schemes: tuple[str, ...] = ("https", "http"), **options: Any
    ) -> None:
        super().__init__(max_length=max_length, **options)
        self.schemes = schemes

    def clean(self, text: str) -> str:
        text = super().clean(text)
        if any(character.isspace() or character in '<>"\\^`{|}' for character in text):
            raise self.make_error("url")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise self.make_error("url") from None
        if parts.scheme.lower() not in self.schemes or not parts.hostname or "@" in parts.netloc or port == 0:
            raise self.make_error("url")
        return text


class Int(Scalar[int]):
    """A whole number within `minimum` and `maximum` (32 bits unless told).

    JSON must hold an integer (no text, no 1.0, no boolean); a parameter ASCII digits.
    """

    format: ClassVar[str] = "int32"
    default_error_messages = {
        "type": "This must be an integer.",
        "small": "This must be at least {limit}.",
        "large": "This must be at most {limit}.",
    }

    def __init__(self, *, minimum: int = INT32_MIN, maximum: int = INT32_MAX, **options: Any) -> None:
        super().__init__(**options)
        self.minimum = minimum
        self.maximum = maximum

    def give(self, value: Any) -> Any:
        return int(value)

    def take(self, value: Any) -> int:
        if isinstance(value, Parameter) and _DIGITS.fullmatch(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("type")
        if value < self.minimum:
            raise self.make_error("small", limit=self.minimum)
        if value > self.maximum:
            raise self.make_error("large", limit=self.maximum)
        return value

    def openapi(self) -> dict[str, Any]:
        wide = self.minimum < INT32_MIN or self.maximum > INT32_MAX
        return {
            "type": "integer",
            "format": "int64" if wide else "int32",
            "minimum": self.minimum,
            "maximum": self.maximum,
        }


class Id(Int):
    """The id of a row: 1 to 2**63 - 1."""

    default_error_messages = {"small": "Ids start at 1."}

    def __init__(self, **options: Any) -> None:
        super().__init__(minimum=1, maximum=INT64_MAX, **options)


class Rating(Int):
    """1 to 5 stars."""

    def __init__(self, **options: Any) -> None:
        super().__init__(minimum=1, maximum=5, **options)


class Float(Scalar[float]):
    """A finite number within `minimum` and `maximum`, both of which must be said."""

    default_error_messages = {
        "type": "This must be a number.",
        "small": "This must be at least {limit}.",
        "large": "This must be at most {limit}.",
    }

    def __init__(self, *, minimum: float, maximum: float, **options: Any) -> None:
        super().__init__(**options)
        self.minimum = minimum
        self.maximum = maximum

    def give(self, value: Any) -> Any:
        return float(value)

    def take(self, value: Any) -> float:
        if isinstance(value, Parameter) and _NUMBER.fullmatch(value):
            value = float(value)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.make_error("type")
        # NaN compares as neither: asked for by name.
        if math.isnan(value):
            raise self.make_error("type")
        if value < self.minimum:
            raise self.make_error("small", limit=self.minimum)
        if value > self.maximum:
            raise self.make_error("large", limit=self.maximum)
        return float(value)

    def openapi(self) -> dict[str, Any]:
        return {"type": "number", "format": "double", "minimum": self.minimum, "maximum": self.maximum}


class Bool(Scalar[bool]):
    """`true` or `false`: the JSON literals, or the words as a parameter."""

    default_error_messages = {"type": "This must be true or false."}

    def give(self, value: Any) -> Any:
        return bool(value)

    def take(self, value: Any) -> bool:
        if isinstance(value, Parameter) and value in {"true", "false"}:
            return value == "true"
        if not isinstance(value, bool):
            raise self.make_error("type")
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Uuid(Scalar[uuid.UUID]):
    """A UUID in its usual form of 36 characters."""

    default_error_messages = {"type": "This must be a UUID such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8."}
    _FORM = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

    def give(self, value: Any) -> Any:
        return str(value)

    def take(self, value: Any) -> uuid.UUID:
        if not isinstance(value, str) or not self._FORM.fullmatch(value):
            raise self.make_error("type")
        return uuid.UUID(str(value))

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}


class DateTime(Scalar[datetime]):
    """A moment: RFC 3339 with offset in, aware UTC inside, `Z` out; years 1900 to 2200."""

    default_error_messages = {
        "type": "This must be a time such as 2030-01-31T09:00:00Z.",
        "naive": "The time needs an offset: end it with Z or +hh:mm.",
        "invalid": "There is no such time.",
        "leap": "Leap seconds are not taken: send second 59 or the next minute.",
        "range": "The year must be 1900 to 2200.",
    }
    _FORM = re.compile(
        r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
        r"([Zz]|[+-]([0-9]{2}):([0-9]{2}))?"
    )

    def give(self, value: Any) -> Any:
        if value.tzinfo is None:
            raise TypeError(f"{self.name} is a naive datetime: only aware ones are given out")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def take(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("type")
        # In a query an unescaped + reads as a blank, and a blank can mean nothing else there.
        text = value.replace(" ", "+") if isinstance(value, Parameter) else value
        match = self._FORM.fullmatch(text)
        if match is None:
            raise self.make_error("type")
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        if match[8] is None:
            raise self.make_error("naive")
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise self.make_error("range")
        if second == 60:  # noqa: PLR2004 - RFC 3339, 5.7
            raise self.make_error("leap")
        offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
        if int(match[10] or 0) > 59:  # noqa: PLR2004 - minutes of an hour
            raise self.make_error("invalid")
        microsecond = int((match[7] or "0")[:6].ljust(6, "0"))
        try:
            local = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
        except ValueError:
            raise self.make_error("invalid") from None
        if offset >= timedelta(days=1):
            raise self.make_error("invalid")
        found = local + offset if match[8].startswith("-") else local - offset
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise self.make_error("range")
        return found

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "example": "2030-01-31T09:00:00Z"}


class Date(Scalar[date]):
    """A day of the calendar, `YYYY-MM-DD`; years 1900 to 2200."""

    default_error_messages = {
        "type": "This must be a day such as 2030-01-31.",
        "invalid": "There is no such day.",
        "range": "The year must be 1900 to 2200.",
    }
    _FORM = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")

    def give(self, value: Any) -> Any:
        return value.isoformat()

    def take(self, value: Any) -> date:
        match = self._FORM.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("type")
        year, month, day = (int(part) for part in match.groups())
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise self.make_error("range")
        try:
            return date(year, month, day)
        except ValueError:
            raise self.make_error("invalid") from None

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "example": "2030-01-31"}


_CLOCK = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])")


class Time(Scalar[time]):
    """A time of day, `HH:MM`, as datetime.time."""

    default_error_messages = {"type": "This must be a time of day such as 09:00."}

    def give(self, value: Any) -> Any:
        return f"{value:%H:%M}"

    def take(self, value: Any) -> time:
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("type")
        return time(int(match[1]), int(match[2]))

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{_CLOCK.pattern})$", "example": "09:00"}


class MinuteOfDay(Scalar[int]):
    """A time of day, `HH:MM`, as minutes since midnight; `until_midnight` takes `24:00` (1440) too."""

    default_error_messages = {"type": "This must be a time of day such as 09:00."}

    def __init__(self, *, until_midnight: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.until_midnight = until_midnight

    def give(self, value: Any) -> Any:
        return f"{value // 60:02}:{value % 60:02}"

    def take(self, value: Any) -> int:
        if self.until_midnight and value == "24:00":
            return 24 * 60
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("type")
        return int(match[1]) * 60 + int(match[2])

    def openapi(self) -> dict[str, Any]:
        pattern = f"(?:{_CLOCK.pattern})" + ("|24:00" if self.until_midnight else "")
        return {"type": "string", "pattern": f"^(?:{pattern})$", "example": "09:00"}


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    # The set of the installed tz database; it does not change while the program runs.
    return frozenset(zoneinfo.available_timezones() - {"localtime", "posixrules", "Factory"})


class TimeZone(Str):
    """An IANA time zone such as Europe/Berlin."""

    default_error_messages = {"zone": "This must be an IANA time zone such as Europe/Berlin."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, pattern="[A-Za-z0-9_+/-]+", **options)
        self.metadata = {"example": "Europe/Berlin", **self.metadata}

    def clean(self, text: str) -> str:
        text = super().clean(text)
        if text not in _time_zones():
            raise self.make_error("zone")
        return text


class Locale(Str):
    """A language tag (BCP 47) such as `en` or `pt-BR` that CLDR knows, in its usual case."""

    default_error_messages = {"locale": "This must be a language such as en or pt-BR."}
    _FORM = re.compile("([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?")

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=12, pattern=self._FORM.pattern, **options)
        self.metadata = {"example": "en", **self.metadata}

    def clean(self, text: str) -> str:
        match = self._FORM.fullmatch(super().clean(text))
        if match is None:
            raise self.make_error("locale")
        language, script, territory = match.groups()
        tag = [language.lower()]
        if script:
            tag.append(script.title())
        if territory:
            tag.append(territory.upper())
        try:
            BabelLocale.parse("-".join(tag), sep="-")
        except (UnknownLocaleError, ValueError):
            raise self.make_error("locale") from None
        return "-".join(tag)


class Country(Str):
    """An ISO 3166 country code of two capital letters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=2, max_length=2, pattern="[A-Z]{2}", **options)


class Currency(Scalar[str]):
    """An ISO 4217 code in capitals."""

    default_error_messages = {"type": "This must be an ISO 4217 currency such as USD."}

    def take(self, value: Any) -> str:
        if not isinstance(value, str) or value not in CURRENCIES:
            raise self.make_error("type")
        return str(value)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "enum": sorted(CURRENCIES), "example": "USD"}


class Money(Scalar[MoneyValue]):
    """`{"amount": minor units, "currency": code}` as the kernel's Money; 0 to MAX_AMOUNT unless told."""

    structured = True
    default_error_messages = {"type": 'This must be an object such as {{"amount": 1500, "currency": "USD"}}.'}

    def __init__(self, *, minimum: int = 0, maximum: int = MAX_AMOUNT, **options: Any) -> None:
        super().__init__(**options)
        self.amount = Int(minimum=minimum, maximum=maximum, required=True)
        self.currency = Currency(required=True)

    def give(self, value: Any) -> Any:
        return {"amount": value.amount, "currency": value.currency}

    def take(self, value: Any) -> MoneyValue:
        if not isinstance(value, Mapping):
            raise self.make_error("type")
        errors: dict[str, Any] = {
            key: ["Unknown field."] for key in value if key not in {"amount", "currency"}
        }
        found: dict[str, Any] = {}
        for name, field in (("amount", self.amount), ("currency", self.currency)):
            try:
                found[name] = field.deserialize(value.get(name, ma.missing))
            except ma.ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ma.ValidationError(errors)
        return MoneyValue(**found)

    def openapi(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "amount": {**self.amount.openapi(), "description": "In minor units (cents)"},
                "currency": self.currency.openapi(),
            },
            "required": ["amount", "currency"],
            "additionalProperties": False,
            "example": {"amount": 150000, "currency": "USD"},
        }


E = TypeVar("E", bound=enum.StrEnum)


class Enum(Scalar[E]):
    """A member of a StrEnum, written as its value; `only` narrows what is taken in."""

    default_error_messages = {"choice": "This must be one of: {choices}."}

    def __init__(self, kind: type[E], *, only: tuple[E, ...] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind
        self.choices = {member.value: member for member in (kind if only is None else only)}

    def give(self, value: Any) -> Any:
        return str(value)

    def take(self, value: Any) -> E:
        member = self.choices.get(value) if isinstance(value, str) else None
        if member is None:
            raise self.make_error("choice", choices=", ".join(self.choices))
        return member

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices)}


class Point(NamedTuple):
    """A place on earth, in degrees (WGS 84)."""

    latitude: float
    longitude: float


class LatLng(Scalar[Point]):
    """A place as the text `latitude,longitude` in degrees."""

    default_error_messages = {
        "type": "This must be latitude,longitude such as 52.52,13.405.",
        "range": "The latitude must be -90 to 90, the longitude -180 to 180.",
    }
    _FORM = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{1,15})?),(-?[0-9]{1,3}(?:\.[0-9]{1,15})?)")

    def give(self, value: Any) -> Any:
        return f"{value[0]:.6f},{value[1]:.6f}"

    def take(self, value: Any) -> Point:
        match = self._FORM.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("type")
        point = Point(float(match[1]), float(match[2]))
        if abs(point.latitude) > 90 or abs(point.longitude) > 180:  # noqa: PLR2004 - degrees
            raise self.make_error("range")
        return point

    def openapi(self) -> dict[str, Any]:
        latitude = r"-?(?:90(?:\.0{1,15})?|[0-8]?[0-9](?:\.[0-9]{1,15})?)"
        longitude = r"-?(?:180(?:\.0{1,15})?|(?:1[0-7][0-9]|[0-9]?[0-9])(?:\.[0-9]{1,15})?)"
        return {"type": "string", "pattern": f"^{latitude},{longitude}$", "example": "52.52,13.405"}


class Upload(Scalar[FileStorage]):
    """A file of a multipart body; `max_bytes` is checked here, the content by whoever keeps it."""

    default_error_messages = {
        "type": "Send a file here.",
        "empty": "The file is empty.",
        "large": "The file may have at most {limit:,} bytes.",
    }

    def __init__(self, *, max_bytes: int | None = None, **options: Any) -> None:
        super().__init__(load_only=True, **options)
        self.max_bytes = max_bytes

    def take(self, value: Any) -> FileStorage:
        if not isinstance(value, FileStorage):
            raise self.make_error("type")
        size = value.stream.seek(0, 2)
        value.stream.seek(0)
        if size == 0:
            raise self.make_error("empty")
        if self.max_bytes is not None and size > self.max_bytes:
            raise self.make_error("large", limit=self.max_bytes)
        return value

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}


class Raw(Scalar[Any]):
    """Any JSON value, output only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(dump_only=True, **options)


class List(Hardened, ma.fields.List[Any]):
    """`min_length` to `max_length` values of one field; `unique` refuses equal ones.

    In a query a list is a repeated parameter.
    """

    structured = True
    default_error_messages = {
        "invalid": "This must be a list.",
        "short": "Send at least {limit} item(s).",
        "long": "Send at most {limit} items.",
        "unique": "The items must differ from each other.",
    }

    def __init__(
        self,
        inner: ma.fields.Field[Any],
        *,
        min_length: int = 0,
        max_length: int = 100,
        unique: bool = False,
        **options: Any,
    ) -> None:
        _require_hardened(inner)
        super().__init__(inner, **options)
        self.min_length = min_length
        self.max_length = max_length
        self.unique = unique

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        if len(value) < self.min_length:
            raise self.make_error("short", limit=self.min_length)
        if len(value) > self.max_length:
            raise self.make_error("long", limit=self.max_length)
        found = super()._deserialize(value, attr, data, **kwargs)
        if self.unique and any(item in found[:index] for index, item in enumerate(found)):
            raise self.make_error("unique")
        return found

    def openapi(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "array"}
        if not self.dump_only:
            found["maxItems"] = self.max_length
        if self.min_length:
            found["minItems"] = self.min_length
        if self.unique:
            found["uniqueItems"] = True
        return found


class Nested(Hardened, ma.fields.Nested):
    """An object with a hardened schema of its own; `many` for a list of them, at most `max_length`."""

    structured = True
    default_error_messages = {
        "type": "This must be a list.",
        "long": "Send at most {limit} items.",
    }

    def __init__(self, nested: Any, *, max_length: int = 100, **options: Any) -> None:
        super().__init__(nested, **options)
        self.max_length = max_length

    @property
    def schema(self) -> ma.Schema:
        """The nested schema. Raises TypeError when it is not a hardened one."""
        schema = super().schema
        if not getattr(schema, "hardened", False):
            raise TypeError(f"{type(schema).__name__} is not derived from marketplace.web.schema.Schema")
        return schema

    def _test_collection(self, value: Any) -> None:
        if self.schema.many or self.many:
            if not isinstance(value, list):
                raise self.make_error("type")
            if len(value) > self.max_length:
                raise self.make_error("long", limit=self.max_length)


class Dict(Hardened, ma.fields.Dict):
    """An object with free keys: each key is one `keys` field, each value one `values` field."""

    structured = True
    default_error_messages = {
        "invalid": "This must be an object.",
        "long": "Send at most {limit} keys.",
    }

    def __init__(
        self,
        *,
        keys: ma.fields.Field[Any],
        values: ma.fields.Field[Any],
        max_length: int = 100,
        **options: Any,
    ) -> None:
        _require_hardened(keys)
        _require_hardened(values)
        super().__init__(keys=keys, values=values, **options)
        self.max_length = max_length

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise self.make_error("invalid")
        if len(value) > self.max_length:
            raise self.make_error("long", limit=self.max_length)
        # Keys are text in JSON whatever they stand for: ids are read from them as from a query.
        keyed = {Parameter(key): item for key, item in value.items()}
        return super()._deserialize(keyed, attr, data, **kwargs)  # type: ignore[no-untyped-call]  # marshmallow leaves it unannotated

    def openapi(self) -> dict[str, Any]:
        return {"type": "object", "maxProperties": self.max_length}


class JsonString(Hardened, ma.fields.Field[Any]):
    """A structure that forms carry as a JSON string; the parser decodes it, `inner` takes the result.

    `Nested`, `Dict`, `Money` and lists of them are decoded in forms without this too; it is for saying
    so in a schema that serves forms only.
    """

    structured = True

    def __init__(self, inner: ma.fields.Field[Any], **options: Any) -> None:
        _require_hardened(inner)
        super().__init__(**options)
        self.inner = inner

    def _bind_to_schema(self, field_name: str, parent: Any) -> None:
        super()._bind_to_schema(field_name, parent)
        self.inner._bind_to_schema(field_name, self)  # noqa: SLF001 - as marshmallow's List does

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return self.inner._serialize(value, attr, obj, **kwargs)  # noqa: SLF001 - as marshmallow's List does

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.inner.deserialize(value, attr, data, **kwargs)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "contentMediaType": "application/json"}


def _require_hardened(field: Any) -> None:
    if not isinstance(field, Hardened):
        raise TypeError(f"{field!r} is not a field of marketplace.web.fields")


def is_structure(field: Any) -> bool:
    """Whether forms carry the field's value as a JSON string: objects, and lists of objects or lists."""
    if isinstance(field, List):
        return is_structure(field.inner)
    return isinstance(field, Hardened) and field.structured


def inner_fields(field: Any) -> list[Any]:
    """The fields that make up `field`, itself first, schemas of nested ones left out."""
    found = [field]
    if isinstance(field, List | JsonString):
        found += inner_fields(field.inner)
    elif isinstance(field, Dict):
        found += inner_fields(field.key_field) + inner_fields(field.value_field)
    return found
