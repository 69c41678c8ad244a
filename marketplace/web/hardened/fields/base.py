"""The base classes of all hardened fields."""

from typing import Any, ClassVar, TypeVar

import marshmallow as ma
from marshmallow.types import ErrorMessages

from marketplace.kernel.texts import Text

T = TypeVar("T")


class Parameter(str):
    """Text from a query, form, path or header, where every value is text; fields read numbers from it."""

    __slots__ = ()


class Hardened:
    """Marks the fields that a schema may use, and describes each for OpenAPI (3.1)."""

    structured: ClassVar[bool] = False
    """Whether the value is an object or array, and therefore a JSON string within a form."""

    error_messages: dict[str, Any]
    default_error_messages: ErrorMessages = {
        "required": "This field is required.",
        "null": "This must not be null.",
        "validator_failed": "This value is not allowed.",
    }

    def __init__(
        self, *args: Any, description: str | None = None, example: Any = None, **options: Any
    ) -> None:
        """`description` says in the documents what the value means, with its unit; `example` is one that is
        accepted. The rest is marshmallow's.
        """
        words: dict[str, Any] = dict(options.pop("metadata", {}))
        if description is not None:
            words["description"] = description
        if example is not None:
            words["examples"] = [example]
        super().__init__(*args, metadata=words, **options)  # type: ignore[call-arg]  # a mixin before marshmallow's Field

    def openapi(self) -> dict[str, Any]:
        """The JSON Schema of the value, without null."""
        return {}

    def make_error(self, key: str, **values: Any) -> ma.ValidationError:
        """The error with the message `key`, whose template can still be translated."""
        return ma.ValidationError(Text(self.error_messages[key], **values))


class Scalar(Hardened, ma.fields.Field[T]):
    """Base of the fields that hold one value: `take` reads it, `give` writes it."""

    def take(self, value: Any) -> Any:
        """The internal value of an input. Raises marshmallow's ValidationError."""
        return value

    def give(self, value: Any) -> Any:
        """The value for JSON; never called with None."""
        return value

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return None if value is None else self.give(value)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self.take(value)


def require_hardened(field: Any) -> None:
    """Raises TypeError for a field that is not one of ours."""
    if not isinstance(field, Hardened):
        raise TypeError(f"{field!r} is not a field of marketplace.web.hardened.fields")
