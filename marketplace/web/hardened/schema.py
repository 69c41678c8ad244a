"""The base of all schemas: unknown keys refused, hardened fields only, one name for each in the documents."""

import hashlib
from typing import Any, ClassVar

import marshmallow as ma
from marshmallow.schema import SchemaMeta

from marketplace.web.hardened.fields import Hardened, Nested, inner_fields

_LONGEST_SUFFIX = 48


class _HardenedMeta(SchemaMeta):
    """Refuses schema classes, when they are made, that would let bad input through."""

    def __init__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> None:  # noqa: N805 - a metaclass makes classes
        super().__init__(name, bases, attrs)  # type: ignore[no-untyped-call]  # marshmallow leaves it unannotated
        if cls.opts.unknown != ma.RAISE:
            raise TypeError(f"{name}: unknown keys are refused everywhere")
        for key, field in cls._declared_fields.items():
            for part in inner_fields(field):
                if not isinstance(part, Hardened):
                    raise TypeError(
                        f"{name}.{key}: {part!r} is not a field of marketplace.web.hardened.fields"
                    )
                if isinstance(part, Nested) and not _is_hardened_schema(part.nested):
                    raise TypeError(
                        f"{name}.{key}: nest a schema derived from marketplace.web.hardened.schema.Schema"
                    )


def _is_hardened_schema(nested: Any) -> bool:
    if isinstance(nested, ma.Schema) or (isinstance(nested, type) and issubclass(nested, ma.Schema)):
        return bool(getattr(nested, "hardened", False))
    # A function is for schemas that nest each other; the field checks its result at first use.
    return callable(nested)


class Schema(ma.Schema, metaclass=_HardenedMeta):
    """The content of a request or response. Fields keep the order in which they are written."""

    hardened: ClassVar[bool] = True
    min_keys: ClassVar[int] = 0
    document_name: str | None = None
    """The name in the OpenAPI document, for one that shall not be named by its class and variant."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {
        "type": "Send a JSON object.",
        "unknown": "Unknown field.",
    }

    def __init__(self, **options: Any) -> None:
        if options.get("unknown") not in {None, ma.RAISE}:
            raise TypeError("unknown keys are refused everywhere")
        super().__init__(**options)

    def load(self, data: Any, *, unknown: Any = None, **options: Any) -> Any:
        """The values of `data`. Raises marshmallow's ValidationError, and TypeError for a lax `unknown`."""
        if unknown not in {None, ma.RAISE}:
            raise TypeError("unknown keys are refused everywhere")
        return super().load(data, unknown=unknown, **options)


class PatchSchema(Schema):
    """The body of a PATCH: every field may be left out, but not all of them."""

    min_keys: ClassVar[int] = 1

    def __init__(self, **options: Any) -> None:
        options.setdefault("partial", True)
        super().__init__(**options)

    @ma.validates_schema(skip_on_field_errors=True)
    def _refuse_nothing(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ma.ValidationError("Send at least one field to change.")


def schema_name(schema: Any) -> str:
    """The name of `schema` (class or instance) in the OpenAPI document, distinct for each of its variants."""
    kind = schema if isinstance(schema, type) else type(schema)
    name = kind.__name__.removesuffix("Schema") or kind.__name__
    if isinstance(schema, type):
        return name
    if schema.document_name is not None:
        return str(schema.document_name)
    if schema.partial and not issubclass(kind, PatchSchema):
        name += "Partial"
        if schema.partial is not True:
            name += _suffix(schema.partial)
    if schema.only is not None:
        name += "Only" + _suffix(schema.only)
    left_out = set(schema.exclude) - set(schema.opts.exclude)
    if left_out:
        name += "Without" + _suffix(left_out)
    for modifier in ("load_only", "dump_only"):
        added = set(getattr(schema, modifier)) - set(getattr(schema.opts, modifier))
        if added:
            name += modifier.title().replace("_", "") + _suffix(added)
    return name


def schema_words(schema: Any) -> str:
    """What a schema (class or instance) says of its content: its class's own docstring, in one line."""
    kind = schema if isinstance(schema, type) else type(schema)
    return " ".join((kind.__dict__.get("__doc__") or "").split())


def _suffix(names: Any) -> str:
    words = "".join(part.title() for name in sorted(names) for part in name.replace(".", "_").split("_"))
    if len(words) <= _LONGEST_SUFFIX:
        return words
    return hashlib.sha256(words.encode()).hexdigest()[:12].upper()
