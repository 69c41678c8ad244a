"""Composite fields: lists, dictionaries, nested schemas, JSON strings."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from marketplace.web.hardened.fields.base import Hardened, Parameter, require_hardened


class List(Hardened, ma.fields.List[Any]):
    """`min` to `max` values of one field; `unique` refuses equal ones.

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
        min: int = 0,  # noqa: A002 - schemas read best so
        max: int = 100,  # noqa: A002 - schemas read best so
        unique: bool = False,
        **options: Any,
    ) -> None:
        require_hardened(inner)
        super().__init__(inner, **options)
        self.min_length = min
        self.max_length = max
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
    """An object with a hardened schema of its own; `many` for a list of them, at most `max`."""

    structured = True
    default_error_messages = {
        "type": "This must be a list.",
        "long": "Send at most {limit} items.",
    }

    def __init__(self, nested: Any, *, max: int = 100, **options: Any) -> None:  # noqa: A002 - schemas read best so
        super().__init__(nested, **options)
        self.max_length = max

    @property
    def schema(self) -> ma.Schema:
        """The nested schema. Raises TypeError when it is not a hardened one."""
        schema = super().schema
        if not getattr(schema, "hardened", False):
            raise TypeError(
                f"{type(schema).__name__} is not derived from marketplace.web.hardened.schema.Schema"
            )
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
        max: int = 100,  # noqa: A002 - schemas read best so
        **options: Any,
    ) -> None:
        require_hardened(keys)
        require_hardened(values)
        super().__init__(keys=keys, values=values, **options)
        self.max_length = max

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapping):
            raise self.make_error("invalid")
        if len(value) > self.max_length:
            raise self.make_error("long", limit=self.max_length)
        # Keys in JSON are always text: ids are read from them as from a query.
        keyed = {Parameter(key): item for key, item in value.items()}
        return super()._deserialize(keyed, attr, data, **kwargs)  # type: ignore[no-untyped-call]  # marshmallow leaves it unannotated

    def openapi(self) -> dict[str, Any]:
        return {"type": "object", "maxProperties": self.max_length}


class JsonString(Hardened, ma.fields.Field[Any]):
    """A structure that forms carry as a JSON string; the parser decodes it, `inner` takes the result.

    Forms decode `Nested`, `Dict`, `Money` and lists of them without this too; it makes that explicit in a
    schema for forms only.
    """

    structured = True

    def __init__(self, inner: ma.fields.Field[Any], **options: Any) -> None:
        require_hardened(inner)
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
