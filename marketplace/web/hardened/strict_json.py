"""Reads JSON strictly: refuses all values that the database, UTF-8 or a double cannot hold."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from marketplace.kernel.errors import Invalid, Malformed
from marketplace.kernel.texts import Text

MAX_DEPTH = 32
"""How deep arrays and objects may nest."""
MAX_VALUES = 10_000
"""How many values one body may hold in all."""
MAX_KEY_LENGTH = 255
MAX_REPORTED = 50
"""The most problems reported for one body; more would only make the answer long."""
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**63 - 1
_INTEGER_CHARACTERS = 20  # of "-9223372036854775808"
_EXACT_DIGITS = 17  # this many significant digits tell any two doubles apart
WHOLE = "_schema"
"""marshmallow's word for the whole object, where a problem has no field."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Brackets outside strings. A string that never ends swallows the rest, so that the scan stays linear.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


class InvalidJson(Malformed):
    """The text is not JSON as RFC 8259 and this program require it: UTF-8, no key twice, no NaN, not
    nested too deep.
    """

    code = "invalid_json"
    title = "The JSON cannot be read"
    remedy = (
        "Make the body with a JSON library, and send it as UTF-8. The detail says what is wrong, and where."
    )


class _Refused:
    """Stands for a number that is JSON but cannot be stored; becomes a 422 that names its place."""

    def __init__(self, why: str) -> None:
        self.why = why


def _read_integer(literal: str) -> int | _Refused:
    # Measured before int(): its cost grows with the square of the length, and Python refuses 4,301 digits.
    if len(literal) > _INTEGER_CHARACTERS:
        return _Refused(Text("The number has too many digits: integers must fit in 64 bits."))
    return int(literal)


def _read_float(literal: str) -> float | _Refused:
    mantissa = re.split("[eE]", literal, maxsplit=1)[0]
    digits = mantissa.lstrip("-").replace(".", "", 1).strip("0")
    if len(digits) > _EXACT_DIGITS:
        return _Refused(
            Text(
                "The number cannot be kept exactly: send at most {limit} significant digits.",
                limit=_EXACT_DIGITS,
            )
        )
    value = float(literal)
    if math.isinf(value) or (value == 0 and digits):
        return _Refused(Text("The number is outside the range of a double."))
    return value


_REASONS = {
    str(reason): reason
    for reason in (
        Text("Expecting value"),
        Text("Expecting property name enclosed in double quotes"),
        Text("Expecting ':' delimiter"),
        Text("Expecting ',' delimiter"),
        Text("Extra data"),
        Text("Unterminated string starting"),
        Text("Invalid control character"),
        Text("Invalid \\escape"),
        Text("Invalid \\uXXXX escape"),
        Text("Illegal trailing comma before end of object"),
        Text("Illegal trailing comma before end of array"),
    )
}
"""What the JSON decoder of Python 3.11 to 3.14 says."""


def _refuse_constant(literal: str) -> NoReturn:
    raise InvalidJson(Text("{literal} is not a JSON number.", literal=literal))


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidJson(
                    Text("The key {key} appears twice in one object.", key=json.dumps(key)[:64])
                )
            seen.add(key)
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object,
    parse_int=_read_integer,
    parse_float=_read_float,
    parse_constant=_refuse_constant,
)


def _refuse_depth(text: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidJson(Text("The JSON is nested deeper than {limit} levels.", limit=MAX_DEPTH))
        elif mark in "]}":
            depth -= 1


def decode_json(raw: bytes | str) -> Any:
    """The value in `raw`, with `_Refused` in place of numbers that cannot be stored. Raises InvalidJson."""
    if isinstance(raw, str):
        text = raw
    else:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidJson(
                Text("The text is not UTF-8: byte {place} is wrong.", place=error.start)
            ) from None
    if text.startswith("\ufeff"):
        raise InvalidJson("The text starts with a byte order mark: send UTF-8 without one.")
    if not text.strip(" \t\r\n"):
        raise InvalidJson("The JSON text is empty.")
    _refuse_depth(text)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidJson(
            Text(
                "{reason} at line {line}, column {column}.",
                reason=_REASONS.get(error.msg.removesuffix(" at"), error.msg),
                line=error.lineno,
                column=error.colno,
            )
        ) from None


def text_problem(value: str) -> str | None:
    """Why `value` cannot be stored (NUL, half a surrogate pair), or None when it can."""
    match = _UNSTORABLE.search(value)
    if match is None:
        return None
    if match[0] == "\x00":
        return Text("The text holds a NUL character: remove it.")
    return Text("The text holds half of a surrogate pair: send valid Unicode.")


class _Walk:
    """One pass over a decoded structure that collects its problems, by place."""

    def __init__(self) -> None:
        self.values = 0
        self.reported = 0

    def problems(self, value: Any, depth: int = 0) -> Any:
        """None, a list of reasons for this value, or a dict of problems by key or index."""
        self.values += 1
        if self.values > MAX_VALUES:
            return [Text("There are more than {limit:,} values in all: send fewer.", limit=MAX_VALUES)]
        match value:
            case None | bool():
                return None
            case str():
                why = text_problem(value)
            case int():
                why = None if _MIN_INTEGER <= value <= _MAX_INTEGER else Text("Integers must fit in 64 bits.")
            case float():
                why = None if math.isfinite(value) else Text("The number must be finite.")
            case _Refused():
                why = value.why
            case Mapping() | list() | tuple():
                return self._container(value, depth + 1)
            case _:
                why = Text("Only JSON values are taken here.")
        if why is None:
            return None
        self.reported += 1
        return [why]

    def _container(self, value: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return [Text("The value is nested deeper than {limit} levels.", limit=MAX_DEPTH)]
        found: dict[Any, Any] = {}
        items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            if isinstance(value, Mapping) and not is_sound_key(key):
                found[WHOLE] = [
                    Text("Keys must be valid text of at most {limit} characters.", limit=MAX_KEY_LENGTH)
                ]
                continue
            problem = self.problems(item, depth)
            if problem is not None:
                found[key] = problem
            if self.values > MAX_VALUES or self.reported >= MAX_REPORTED:
                break
        return found or None


def is_sound_key(key: Any) -> bool:
    """Whether `key` is valid text of a reasonable length."""
    return isinstance(key, str) and len(key) <= MAX_KEY_LENGTH and text_problem(key) is None


def find_problems(value: Any) -> dict[Any, Any] | None:
    """The problems of `value` (from `decode_json` or decoded elsewhere) by place; None without any."""
    found = _Walk().problems(value)
    if found is None or isinstance(found, dict):
        return found
    return {WHOLE: found}


def check_value(value: Any, location: str = "json") -> None:
    """Refuse values that an already decoded structure (a Socket.IO payload) must not hold.

    Raises Invalid, with the place of each problem below `location`: text that cannot be stored, integers
    beyond 64 bits, numbers that are not finite, anything that is not JSON, too deep or too many values.
    """
    problems = find_problems(value)
    if problems is not None:
        raise Invalid(errors={location: problems})


def read_json(raw: bytes | str, location: str = "json") -> Any:
    """The value of `raw` (UTF-8), with nothing in it that the program cannot store.

    Raises InvalidJson (400) for text that is not JSON, is nested too deep or has a key twice, and
    Invalid (422) for JSON whose values are refused; see `check_value`.
    """
    value = decode_json(raw)
    check_value(value, location)
    return value
