"""Fields for text: lines, names, addresses, numbers to call, codes."""

import re
import unicodedata
from typing import Any, ClassVar
from urllib.parse import urlsplit

from babel import Locale as BabelLocale
from babel.core import UnknownLocaleError

from marketplace.kernel.addresses import MAX_EMAIL, PHONE_PATTERN, email_form, phone_form
from marketplace.kernel.characters import (
    DIRECTION_CONTROLS,
    DIRECTION_MARKS,
    EDGES,
    LINE_SEPARATORS,
    NONCHARACTERS,
    count_words,
    has_visible,
    stands_alone,
)
from marketplace.kernel.zones import zone_names
from marketplace.web.hardened.fields.base import Scalar

_CONTROL = re.compile(f"[\x00-\x1f\x7f-\x9f{LINE_SEPARATORS}]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIRECTION = re.compile(f"[{DIRECTION_CONTROLS}]")
_DIRECTION_MARKS = re.compile(f"[{DIRECTION_MARKS}]")
_LINE_SEPARATORS = re.compile(f"\r\n|[{LINE_SEPARATORS}]")
_EDGES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + EDGES
_SURROGATE = re.compile("[\ud800-\udfff]")
_NONCHARACTER = re.compile(f"[{NONCHARACTERS}]")
_UNSEEN = r"\xad\u061c\u115f\u1160\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufeff\uffa0\ufffc"
"""The commonest invisible characters, for patterns in the document."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Str(Scalar[str]):
    """One line of text: trimmed, in NFC, without control characters and characters that change the direction
    of text; direction marks, which change nothing, are removed. Text of several lines may have both.

    It has a visible character, unless it is empty. `min` and `max` count characters after that. `pattern`
    must match the whole.
    """

    multiline: ClassVar[bool] = False
    format: ClassVar[str | None] = None
    default_error_messages = {
        "type": "This must be text.",
        "control": "Control characters are not allowed.",
        "direction": "Characters that turn the direction of text are not allowed.",
        "unicode": "This must be valid Unicode text.",
        "invisible": "Write something that can be seen.",
        "short": "Write at least {limit} character(s).",
        "long": "Write at most {limit} characters.",
        "pattern": "This does not have the form that is asked for.",
    }

    def __init__(
        self,
        *,
        max: int = 255,  # noqa: A002 - schemas read best so
        min: int = 1,  # noqa: A002 - schemas read best so
        trim: bool = True,
        pattern: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_length = max
        self.min_length = min
        self.trim = trim
        self.pattern = None if pattern is None else re.compile(pattern, re.ASCII)

    def give(self, value: Any) -> Any:
        return str(value)

    def take(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("type")
        return self.clean(str(value))

    def clean(self, text: str) -> str:
        """`text` as it is stored. Raises marshmallow's ValidationError."""
        if _SURROGATE.search(text):
            raise self.make_error("unicode")
        if _NONCHARACTER.search(text):
            raise self.make_error("unicode")
        text = _LINE_SEPARATORS.sub("\n", text) if self.multiline else _DIRECTION_MARKS.sub("", text)
        text = unicodedata.normalize("NFC", text)
        if self.trim:
            text = text.strip(_EDGES)
        if (_CONTROL_BUT_LINES if self.multiline else _CONTROL).search(text):
            raise self.make_error("control")
        if not self.multiline and _DIRECTION.search(text):
            raise self.make_error("direction")
        if len(text) < self.min_length:
            raise self.make_error("short", limit=self.min_length)
        if len(text) > self.max_length:
            raise self.make_error("long", limit=self.max_length)
        if text and not has_visible(text):
            raise self.make_error("invisible")
        if self.pattern is not None and not self.pattern.fullmatch(text):
            raise self.make_error("pattern")
        return text

    def openapi(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "string"}
        if self.format:
            found["format"] = self.format
        if self.dump_only:  # output was never measured here
            return found
        found["maxLength"] = self.max_length
        if self.min_length:
            found["minLength"] = self.min_length
        if self.pattern is not None:
            found["pattern"] = f"^(?:{self.pattern.pattern})$"
        elif self.format is None:
            found["pattern"] = self._text_pattern()
        return found

    def _text_pattern(self) -> str:
        """The rules of this field, as far as a pattern can say them in every dialect: no control characters
        and, when blanks are trimmed and text is required, a visible character.
        """
        barred = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff"
        if not self.multiline:
            barred += r"\x09\x0a\x0d\u2028-\u202e\u2066-\u2069"
        if self.trim and self.min_length:
            return rf"^[^{barred}]*[^{barred}\s{_UNSEEN}][^{barred}]*$"
        return rf"^[^{barred}]*$"


class Text(Str):
    """Several lines of text; tabs and line feeds are allowed, CRLF becomes LF. May be empty by default."""

    multiline = True

    def __init__(self, *, max: int = 4_000, min: int = 0, **options: Any) -> None:  # noqa: A002 - schemas read best so
        super().__init__(max=max, min=min, **options)


MAX_WORDS = 8
"""The most words of one search: each is looked up by itself."""


class Search(Str):
    """A search text: at most 100 characters and 8 words. At least `letters` letters are required, unless one
    letter is a word in its script (`津`).
    """

    default_error_messages = {
        "words": "Search for at most {limit} words.",
        "short": "Write at least {limit} letters.",
    }

    def __init__(self, *, letters: int = 1, **options: Any) -> None:
        super().__init__(max=100, **options)
        self.letters = letters

    def clean(self, text: str) -> str:
        text = super().clean(text)
        if len(text) < self.letters and not stands_alone(text):
            raise self.make_error("short", limit=self.letters)
        if count_words(text) > MAX_WORDS:
            raise self.make_error("words", limit=MAX_WORDS)
        return text


class Username(Str):
    """3 to 50 ASCII letters, digits, `.`, `_`, `-`; never looks like an e-mail address or a phone."""

    default_error_messages = {
        "pattern": "Use letters, digits, '.', '_' and '-' only, with a letter, digit or '_' first.",
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("min", 3)
        options.setdefault("max", 50)
        super().__init__(pattern="[A-Za-z0-9_][A-Za-z0-9._-]*", **options)


class Slug(Str):
    """Lower-case ASCII words joined by hyphens, for addresses."""

    default_error_messages = {"pattern": "Use lower-case letters, digits and single hyphens between them."}

    def __init__(self, *, max: int = 120, **options: Any) -> None:  # noqa: A002 - schemas read best so
        super().__init__(pattern="[a-z0-9]+(?:-[a-z0-9]+)*", max=max, **options)


class VisibleAscii(Str):
    """Visible ASCII characters, which stay as they are: the name that a client gives to something of its own,
    such as a UUID, a ULID or a nanoid.
    """

    default_error_messages = {"pattern": "Use visible ASCII characters only, and no blanks."}

    def __init__(self, *, max: int = 64, **options: Any) -> None:  # noqa: A002 - schemas read best so
        super().__init__(pattern="[!-~]+", max=max, trim=False, **options)


class Email(Str):
    """An address that mail can be sent to: ASCII local part, the domain in lower case and as IDNA 2008."""

    format = "email"
    default_error_messages = {"email": "This is not an e-mail address such as name@example.org."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max=MAX_EMAIL, min=3, **options)

    def clean(self, text: str) -> str:
        address = email_form(super().clean(text))
        if address is None:
            raise self.make_error("email")
        return address


class Phone(Str):
    """An international number (`+` or `00` and the country code), stored as E.164; only ASCII digits."""

    default_error_messages = {"phone": "Write the number with + and the country code, such as +442071838750."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max=32, min=8, **options)

    def clean(self, text: str) -> str:
        number = phone_form(super().clean(text))
        if number is None:
            raise self.make_error("phone")
        return number

    def openapi(self) -> dict[str, Any]:
        return {**super().openapi(), "pattern": f"^{PHONE_PATTERN}$", "examples": ["+442071838750"]}


class Password(Str):
    """A secret: input only, never sent or repeated in a message; at most 128 characters."""

    format = "password"

    def __init__(self, *, min: int = 1, **options: Any) -> None:  # noqa: A002 - schemas read best so
        super().__init__(max=128, min=min, trim=False, load_only=True, **options)

    def clean(self, text: str) -> str:
        if _UNSTORABLE.search(text):
            raise self.make_error("unicode")
        # The same password typed on two systems may be composed in two ways.
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
        self,
        *,
        max: int = 2_048,  # noqa: A002 - schemas read best so
        schemes: tuple[str, ...] = ("https", "http"),
        **options: Any,
    ) -> None:
        super().__init__(max=max, **options)
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


class TimeZone(Str):
    """An IANA time zone such as Europe/Berlin."""

    default_error_messages = {"zone": "This must be an IANA time zone such as Europe/Berlin."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max=64, pattern="[A-Za-z0-9_+/-]+", **options)
        self.metadata = {"examples": ["Europe/Berlin"], **self.metadata}

    def clean(self, text: str) -> str:
        text = super().clean(text)
        if text not in zone_names():
            raise self.make_error("zone")
        return text


class Locale(Str):
    """A language tag (BCP 47) such as `en` or `pt-BR` that CLDR knows, in its usual case."""

    default_error_messages = {"locale": "This must be a language such as en or pt-BR."}
    _FORM = re.compile("([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?")

    def __init__(self, **options: Any) -> None:
        super().__init__(max=12, pattern=self._FORM.pattern, **options)
        self.metadata = {"examples": ["en"], **self.metadata}

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
        super().__init__(min=2, max=2, pattern="[A-Z]{2}", **options)
