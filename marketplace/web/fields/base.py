"""What all hardened fields share."""

from typing import Any, ClassVar, TypeVar

import marshmallow as ma
from marshmallow.types import ErrorMessages

T = TypeVar("T")


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


def require_hardened(field: Any) -> None:
    """Raises TypeError for a field that is not one of ours."""
    if not isinstance(field, Hardened):
        raise TypeError(f"{field!r} is not a field of marketplace.web.fields")
