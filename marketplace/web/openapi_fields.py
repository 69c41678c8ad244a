"""Tells apispec what our fields take and give, so that the OpenAPI 3.1 document is exact."""

from typing import Any

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.field_converter import _VALID_PROPERTIES
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from marketplace.web.fields import Hardened, Nested
from marketplace.web.parsing import MAX_ID, IdConverter
from marketplace.web.schema import schema_name


def _own_words(field: Any) -> dict[str, Any] | None:
    return field.openapi() if isinstance(field, Hardened) else None


def hardened2properties(_converter: Any, field: Any, ret: dict[str, Any]) -> dict[str, Any]:
    """What the field says of itself; the field's own metadata wins, and null is added where allowed."""
    found = _own_words(field)
    if found is None:
        return {}
    found.update({key: value for key, value in field.metadata.items() if key in _VALID_PROPERTIES})
    if isinstance(field, Nested):
        if (field.many or field.schema.many) and not field.dump_only:
            found["maxItems"] = field.max_length
        return found
    if field.allow_none:
        kind = found.get("type", ret.get("type"))
        if isinstance(kind, str):
            found["type"] = [kind, "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found


def parameter2properties(_converter: Any, field: ma.fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """A parameter is absent or has a value: there is no null, as type or as default."""
    schema = dict(ret.get("schema", {}))
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
    """apispec's converter, with what our schemas promise: no unknown keys, and keys in a PATCH."""

    def schema2jsonschema(self, schema: Any) -> dict[str, Any]:
        """The JSON Schema of a schema class or instance."""
        found: dict[str, Any] = super().schema2jsonschema(schema)  # type: ignore[no-untyped-call]  # unannotated
        if getattr(schema, "hardened", False):
            found["additionalProperties"] = False
            if schema.min_keys:
                found["minProperties"] = schema.min_keys
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
