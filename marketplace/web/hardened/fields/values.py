"""Fields for numbers, choices, money, places and files."""

import enum
import math
import re
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import marshmallow as ma
from werkzeug.datastructures import FileStorage

from marketplace.kernel.money import CURRENCIES, Money as MoneyValue
from marketplace.kernel.texts import Text
from marketplace.web.hardened.fields.base import Parameter, Scalar

E = TypeVar("E", bound=enum.StrEnum)

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
INT64_MAX = 2**63 - 1
MAX_AMOUNT = 10**15
"""Largest amount of money in minor units: sums of thousands of them still fit into a bigint."""

_DIGITS = re.compile("-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,20})?")


class Int(Scalar[int]):
    """A whole number from `min` to `max` (32 bits by default).

    JSON must hold an integer (no text, no 1.0, no boolean); a parameter must hold ASCII digits.
    """

    default_error_messages = {
        "type": "This must be an integer.",
        "small": "This must be at least {limit}.",
        "large": "This must be at most {limit}.",
    }

    def __init__(self, *, min: int = INT32_MIN, max: int = INT32_MAX, **options: Any) -> None:  # noqa: A002 - schemas read best so
        super().__init__(**options)
        self.minimum = min
        self.maximum = max

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
        if self.dump_only:  # output was never measured here
            return {"type": "integer"}
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
        super().__init__(min=1, max=INT64_MAX, **options)


class Rating(Int):
    """1 to 5 stars."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min=1, max=5, **options)


class Float(Scalar[float]):
    """A finite number from `min` to `max`, both of which are required."""

    default_error_messages = {
        "type": "This must be a number.",
        "small": "This must be at least {limit}.",
        "large": "This must be at most {limit}.",
    }

    def __init__(self, *, min: float, max: float, **options: Any) -> None:  # noqa: A002 - schemas read best so
        super().__init__(**options)
        self.minimum = min
        self.maximum = max

    def give(self, value: Any) -> Any:
        return float(value)

    def take(self, value: Any) -> float:
        if isinstance(value, Parameter) and _NUMBER.fullmatch(value):
            value = float(value)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.make_error("type")
        # NaN is neither below nor above: refuse it first. An int too big for a double would break isnan.
        if isinstance(value, float) and math.isnan(value):
            raise self.make_error("type")
        if value < self.minimum:
            raise self.make_error("small", limit=self.minimum)
        if value > self.maximum:
            raise self.make_error("large", limit=self.maximum)
        return float(value)

    def openapi(self) -> dict[str, Any]:
        if self.dump_only:  # output was never measured here
            return {"type": "number", "format": "double"}
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


class Currency(Scalar[str]):
    """An ISO 4217 code in capitals."""

    default_error_messages = {"type": "This must be an ISO 4217 currency such as USD."}

    def take(self, value: Any) -> str:
        if not isinstance(value, str) or value not in CURRENCIES:
            raise self.make_error("type")
        return str(value)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "enum": sorted(CURRENCIES), "examples": ["USD"]}


class Money(Scalar[MoneyValue]):
    """`{"amount": minor units, "currency": code}` as the kernel's Money; 0 to MAX_AMOUNT by default."""

    structured = True
    default_error_messages = {"type": 'This must be an object such as {"amount": 1500, "currency": "USD"}.'}

    def __init__(self, *, min: int = 0, max: int = MAX_AMOUNT, **options: Any) -> None:  # noqa: A002 - schemas read best so
        super().__init__(**options)
        self.amount = Int(min=min, max=max, required=True)
        self.currency = Currency(required=True)

    def give(self, value: Any) -> Any:
        return {"amount": value.amount, "currency": value.currency}

    def take(self, value: Any) -> MoneyValue:
        if not isinstance(value, Mapping):
            raise self.make_error("type")
        errors: dict[str, Any] = {
            key: [Text("Unknown field.")] for key in value if key not in {"amount", "currency"}
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
            "examples": [{"amount": 150000, "currency": "USD"}],
        }


class Enum(Scalar[E]):
    """A member of a StrEnum, written as its value; `only` narrows the input."""

    default_error_messages = {"choice": "This must be one of: {choices}."}

    def __init__(self, kind: type[E], *, only: tuple[E, ...] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind
        self.choices = {member.value: member for member in (kind if only is None else only)}

    @property
    def component(self) -> str:
        """The name of the choice in the documents: the class, with the members that are narrowed to."""
        narrowed = len(self.choices) < len(self.kind)
        return self.kind.__name__ + "".join(
            name.title().replace("_", "") for name in self.choices if narrowed
        )

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
        return {"type": "string", "pattern": f"^{latitude},{longitude}$", "examples": ["52.52,13.405"]}


class Upload(Scalar[FileStorage]):
    """A file of a multipart body; `max_bytes` is checked here, the content by the code that stores it."""

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
