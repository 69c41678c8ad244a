"""Describes our fields to apispec, so that the OpenAPI 3.1 document is exact."""

from typing import Any

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.field_converter import _VALID_PROPERTIES
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from marketplace.web.hardened.fields import Currency, Enum, Hardened, Money, Nested
from marketplace.web.hardened.fields.values import MAX_AMOUNT
from marketplace.web.hardened.ids import MAX_ID, IdConverter
from marketplace.web.hardened.schema import schema_name, schema_words


def _own_words(field: Any) -> dict[str, Any] | None:
    return field.openapi() if isinstance(field, Hardened) else None


def hardened2properties(converter: Any, field: Any, ret: dict[str, Any]) -> dict[str, Any]:
    """The field's own description; its metadata takes precedence, and null is added where allowed."""
    found = _own_words(field)
    if found is None:
        return {}
    if isinstance(field, Enum | Money | Currency):
        found = _shared(converter.spec, field, found)
        ret.pop("type", None)
    found.update({key: value for key, value in field.metadata.items() if key in _VALID_PROPERTIES})
    if "description" not in found and (words := common_words(field.data_key or field.name)):
        found["description"] = words
    if isinstance(field, Nested):
        if (field.many or field.schema.many) and not field.dump_only:
            found["maxItems"] = field.max_length
        return found
    if "$ref" in found:
        if field.allow_none:
            found["anyOf"] = [{"$ref": found.pop("$ref")}, {"type": "null"}]
        return found
    if field.allow_none:
        kind = found.get("type", ret.get("type"))
        if isinstance(kind, str):
            found["type"] = [kind, "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found


def common_words(name: str | None) -> str | None:
    """What a property means whose name means the same everywhere."""
    if name is None:
        return None
    if name.endswith("_id"):
        return f"The id of the {name.removesuffix('_id').replace('_', ' ')}"
    return _COMMON.get(name)


_COMMON = {
    "id": "The id, unique among things of this kind",
    "items": "The items of the page, or all where there are no pages",
    "next": "The cursor of the next page, for `after`; null on the last page",
    "previous": "The cursor of the page before, for `before`; null on the first page",
    "created_at": "When it was made",
    "updated_at": "When it was last changed",
}


def _shared(spec: APISpec, field: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """A reference to the component that describes a choice, money or a currency once for all."""
    if isinstance(field, Money):
        currency = _shared(spec, field.currency, field.currency.openapi())
        schema["properties"]["currency"] = currency | {"description": "The currency (ISO 4217)"}
        if (field.amount.minimum, field.amount.maximum) != (0, MAX_AMOUNT):
            return schema
        name = "Money"
        schema["description"] = "An amount of money in minor units of its currency"
    elif isinstance(field, Enum):
        name = field.component
        schema["description"] = " ".join((field.kind.__doc__ or "").split())
    else:
        name = "Currency"
        schema["description"] = "An ISO 4217 code in capitals"
    if name not in spec.components.schemas:
        spec.components.schema(name, schema)
    return {"$ref": f"#/components/schemas/{name}"}


def parameter2properties(_converter: Any, field: ma.fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Remove null as type and as default: a parameter is absent or has a value."""
    schema = dict(ret.get("schema", {}))
    schema.pop("description", None)
    choices = [one for one in schema.pop("anyOf", []) if "$ref" in one]
    schema.update(*choices)
    if schema.get("default", ...) is None:
        del schema["default"]
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    found: dict[str, Any] = {"schema": schema}
    if isinstance(field, ma.fields.List):
        found.update(style="form", explode=True)
    return found


class HardenedConverter(OpenAPIConverter):
    """apispec's converter, with our schemas' rules: no unknown keys, and at least one key in a PATCH."""

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        """The JSON Schema of a schema class or instance."""
        found: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # unannotated
        if getattr(schema, "hardened", False):
            found["additionalProperties"] = False
            if schema.min_keys:
                found["minProperties"] = schema.min_keys
            words = schema_words(schema)
            if words:
                found["description"] = words
        return found


class HardenedMarshmallowPlugin(MarshmallowPlugin):
    """The plugin to give to flask-smorest as `spec_kwargs={"marshmallow_plugin": ...}`."""

    Converter = HardenedConverter

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=schema_name)

    def init_spec(self, spec: APISpec) -> None:
        """Called by apispec."""
        super().init_spec(spec)
        assert self.converter is not None
        self.converter.add_attribute_function(hardened2properties)  # type: ignore[no-untyped-call]  # unannotated
        self.converter.add_parameter_attribute_function(parameter2properties)


def id_converter2schema(_converter: IdConverter) -> dict[str, Any]:
    """For `api.register_converter(IdConverter, id_converter2schema)`."""
    return {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID}
