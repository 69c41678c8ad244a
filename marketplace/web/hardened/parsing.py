"""Reads request input: one parser that refuses hostile bodies, queries and forms for every schema alike."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import FileStorage

from marketplace.kernel.errors import Invalid, UnsupportedMedia
from marketplace.kernel.texts import Text
from marketplace.web.hardened.fields import JsonString, List, Parameter, Upload, is_structure
from marketplace.web.hardened.requests import is_json_type, read_body, read_query
from marketplace.web.hardened.strict_json import (
    MAX_KEY_LENGTH,
    WHOLE,
    InvalidJson,
    check_value,
    decode_json,
    find_problems,
    is_sound_key,
    read_json,
    text_problem,
)


def body_required(schema: ma.Schema) -> bool:
    """Whether an absent body is refused: the schema has a required field, or requires at least one key."""
    if schema.many or getattr(schema, "min_keys", 0):
        return True
    return schema.partial is not True and any(field.required for field in schema.load_fields.values())


def _fields_by_key(schema: ma.Schema) -> dict[str, ma.fields.Field[Any]]:
    return {
        name if field.data_key is None else field.data_key: field
        for name, field in schema.load_fields.items()
    }


_LOCATIONS = (  # webargs' own words
    "json",
    "query",
    "querystring",
    "form",
    "files",
    "json_or_form",
    "headers",
    "cookies",
    "path",
    "view_args",
)
_PUBLIC_NAME = {"querystring": "query", "view_args": "path"}


class HardenedParser(FlaskParser):
    """webargs' parser with every kind of bad input refused before a schema sees it.

    Locations: `json`; `query`; `form` and `files` (both: the whole multipart body, files and fields);
    `json_or_form` (either, by Content-Type); `headers`, `cookies` (the declared ones); `path`.
    Values from outside JSON arrive as `Parameter`, so that fields can tell them from JSON strings.
    Every refusal is an AppError; the errors of a schema are `Invalid(errors={location: messages})`.
    """

    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(_LOCATIONS, ma.RAISE)

    def _process_location_data(
        self,
        location_data: Any,
        schema: ma.Schema,
        req: Request,
        location: str,
        unknown: str | None,  # noqa: ARG002 - a route cannot loosen it
        validators: Any,
    ) -> Any:
        return super()._process_location_data(location_data, schema, req, location, ma.RAISE, validators)

    def pre_load(self, location_data: Any, *, schema: ma.Schema, req: Request, location: str) -> Any:  # noqa: ARG002 - webargs' signature
        """Refuse a body of the wrong kind before a schema's own hooks meet it."""
        if schema.many:
            if not isinstance(location_data, list):
                raise ma.ValidationError({WHOLE: ["Send a JSON array."]})
        elif not isinstance(location_data, Mapping):
            raise ma.ValidationError({WHOLE: ["Send a JSON object."]})
        return location_data

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The JSON body. Raises UnsupportedMedia, TooLarge, InvalidJson or Invalid."""
        raw = read_body(req)
        if not raw:
            if body_required(schema):
                raise InvalidJson("The body is empty: send a JSON object.")
            return {}
        if not is_json_type(req):
            raise UnsupportedMedia("Send the body as application/json in UTF-8.")
        return read_json(raw)

    def load_json_or_form(self, req: Request, schema: ma.Schema) -> Any:
        """A JSON or a multipart body, by the Content-Type."""
        if req.mimetype == "multipart/form-data":
            return self.load_form(req, schema)
        return self.load_json(req, schema)

    def load_form(self, req: Request, schema: ma.Schema) -> Any:
        """The fields and files of a multipart body; structures in it are JSON strings.

        Raises UnsupportedMedia, TooLarge, Malformed, InvalidJson (naming the field) or Invalid.
        """
        if req.mimetype != "multipart/form-data":
            if not req.content_length and not req.mimetype and not body_required(schema):
                return {}
            raise UnsupportedMedia("Send the body as multipart/form-data.")
        texts = list(req.form.items(multi=True))
        files = list(req.files.items(multi=True))
        fields = _fields_by_key(schema)
        data = self._collect(texts, fields, "form")
        for key, field in fields.items():
            if key in data:
                data[key] = self._read_structure(key, field, data[key])
        for key, file in self._sound_files(files):
            if isinstance(fields.get(key), List):
                data.setdefault(key, []).append(file)
            elif key in data:
                raise Invalid(errors={"files": {key: ["Send this field once."]}})
            else:
                data[key] = file
        return data

    load_files = load_form

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The query parameters. Raises Malformed or Invalid."""
        return self._collect(read_query(req), _fields_by_key(schema), "query")

    def load_view_args(self, req: Request, schema: ma.Schema) -> Any:
        """The variables of the path, already converted."""
        values = {k: Parameter(v) if isinstance(v, str) else v for k, v in (req.view_args or {}).items()}
        check_value(values, "path")
        wanted = _fields_by_key(schema)
        return {key: value for key, value in values.items() if key in wanted}

    def load_headers(self, req: Request, schema: ma.Schema) -> Any:
        """The headers that the schema declares; others belong to HTTP. Raises Invalid for a repeated one."""
        fields = _fields_by_key(schema)
        pairs = [(key, value) for key in fields for value in req.headers.getlist(key)]
        return self._collect(pairs, fields, "headers")

    def load_cookies(self, req: Request, schema: ma.Schema) -> Any:
        """The cookies that the schema declares. Raises Invalid for a repeated one."""
        fields = _fields_by_key(schema)
        pairs = [(key, value) for key in fields for value in req.cookies.getlist(key)]
        return self._collect(pairs, fields, "cookies")

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,  # noqa: ARG002 - the category says the status
        error_headers: Mapping[str, str] | None,  # noqa: ARG002 - and there are no headers to add
    ) -> NoReturn:
        """Raise the errors of a schema as Invalid, with the public name of their location."""
        errors: dict[str, Any] = {}
        messages = error.messages if isinstance(error.messages, dict) else {"json": error.messages}
        for location, found in messages.items():
            if location in {"form", "files"} or (
                location == "json_or_form" and req.mimetype == "multipart/form-data"
            ):
                errors.update(self._split(found, schema))
            else:
                public = "json" if location == "json_or_form" else _PUBLIC_NAME.get(location, location)
                errors[public] = found
        raise Invalid(errors=errors) from None

    @staticmethod
    def _split(found: Any, schema: ma.Schema) -> dict[str, Any]:
        """Separate the errors of files from those of fields."""
        uploads = {key for key, field in _fields_by_key(schema).items() if _is_upload(field)}
        parts: dict[str, Any] = {}
        for key, messages in found.items():
            parts.setdefault("files" if key in uploads else "form", {})[key] = messages
        return parts

    @staticmethod
    def _collect(
        pairs: Iterable[tuple[str, str]], fields: Mapping[str, ma.fields.Field[Any]], location: str
    ) -> dict[str, Any]:
        """Group names and values; only a declared list may repeat."""
        data: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for name, value in pairs:
            if not is_sound_key(name):
                errors[WHOLE] = [
                    Text("Names must be valid text of at most {limit} characters.", limit=MAX_KEY_LENGTH)
                ]
                continue
            why = text_problem(value)
            # Form decoders put U+FFFD in the place of bytes that are not UTF-8.
            if why is None and location == "form" and "\ufffd" in value:
                why = Text("The text is not UTF-8.")
            if why is not None:
                errors[name] = [why]
            elif isinstance(fields.get(name), List):
                data.setdefault(name, []).append(Parameter(value))
            elif name in data:
                errors[name] = [
                    Text("Send this parameter once.") if name in fields else Text("Unknown field.")
                ]
            else:
                data[name] = Parameter(value)
        if errors:
            raise Invalid(errors={location: errors})
        return data

    @staticmethod
    def _read_structure(key: str, field: ma.fields.Field[Any], found: Any) -> Any:
        """The value of a form field: structures are JSON strings, and lists of scalars may be."""
        if isinstance(field, List):
            single = found[0] if len(found) == 1 else None
            if single is None or not (is_structure(field) or single.lstrip().startswith("[")):
                return found
            text = single
        elif isinstance(field, JsonString) or is_structure(field):
            text = found
        else:
            return found
        try:
            value = decode_json(str(text))
        except InvalidJson as error:
            raise InvalidJson(
                Text("The field {field} is not JSON. {reason}", field=key, reason=Text.of(error.detail)),
                field=key,
                errors={"form": {key: [error.detail]}},
            ) from None
        problems = find_problems(value)
        if problems is not None:
            raise Invalid(errors={"form": {key: problems}})
        return value

    @staticmethod
    def _sound_files(files: list[tuple[str, FileStorage]]) -> Iterable[tuple[str, FileStorage]]:
        for name, file in files:
            if not is_sound_key(name):
                raise Invalid(errors={"files": {WHOLE: ["Names must be valid text."]}})
            if text_problem(file.filename or "") is not None:
                raise Invalid(errors={"files": {name: ["The file name is not valid text."]}})
            # Browsers send an empty part for an input that nobody filled.
            if file.filename or file.stream.read(1):
                file.stream.seek(0)
                yield name, file


def _is_upload(field: ma.fields.Field[Any]) -> bool:
    return isinstance(field, Upload) or (isinstance(field, List) and isinstance(field.inner, Upload))
