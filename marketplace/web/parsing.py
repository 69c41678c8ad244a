"""Reads request input: one parser that refuses hostile bodies, queries and forms for every schema alike."""

import io
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import IO, Any, NoReturn, cast
from urllib.parse import parse_qsl

import marshmallow as ma
from flask import Request, current_app
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import FileStorage
from werkzeug.routing import BaseConverter
from werkzeug.utils import cached_property

from marketplace.kernel.errors import AppError, Invalid, Malformed, TooLarge, UnsupportedMedia
from marketplace.web.fields import JsonString, List, Parameter, Upload, is_structure
from marketplace.web.forms import StrictFormParser
from marketplace.web.strict_json import MAX_KEY_LENGTH, WHOLE, decode_json, find_problems, is_sound_key
from marketplace.web.strict_json import InvalidJson as InvalidJson
from marketplace.web.strict_json import check_text as check_text
from marketplace.web.strict_json import check_value as check_value
from marketplace.web.strict_json import read_json as read_json
from marketplace.web.strict_json import text_problem as text_problem

MAX_JSON_BYTES = 256 * 1024
"""Largest JSON body in bytes; the app's config value of the same name overrides it."""
MAX_PARAMETERS = 1_000
_PIECE = 64 * 1024
MAX_ID = 2**63 - 1


def _up_to(largest: int) -> str:
    """An expression for the positive integers up to `largest`, without leading zeros."""
    digits = str(largest)
    shorter = f"[1-9][0-9]{{0,{len(digits) - 2}}}"
    smaller = [
        f"{digits[:place]}[{0 if place else 1}-{int(digit) - 1}][0-9]{{{len(digits) - place - 1}}}"
        for place, digit in enumerate(digits)
        if int(digit) > (0 if place else 1)
    ]
    return "(?:" + "|".join([shorter, *smaller, digits]) + ")"


class IdConverter(BaseConverter):
    """An id in a path: ASCII digits, 1 to 2**63 - 1; any other text is no such resource (404).

    Registered as `int` too: werkzeug's own takes foreign digits and fails on 5,000 of them.
    """

    # A value that the expression takes and the converter refuses would be 405, not 404, for every method
    # but the first that is declared for the path: the expression says it all.
    regex = _up_to(MAX_ID)

    def to_python(self, value: str) -> int:
        return int(value)


class _SentBody(io.RawIOBase):
    """The body as its head announces it: cut or too long, it is an error and no shorter body.

    Each server has its own errors for one that it cannot read.
    """

    def __init__(self, stream: IO[bytes], length: int | None, limit: int | None) -> None:
        self._stream = stream
        self._length = length
        self._most = sys.maxsize if limit is None else limit
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Raises Malformed or TooLarge, as all ways to read do."""
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._take(_PIECE), b""))

    def _take(self, size: int) -> bytes:
        left = sys.maxsize if self._length is None else self._length - self._count
        # One byte more than is taken, by which a body that is longer is told from one that just fits.
        wanted = min(size, left, self._most + 1 - self._count)
        if wanted == 0:
            return b""
        try:
            data = self._stream.read(wanted)
        except AppError:
            raise
        except Exception as error:  # ours are not among them: nothing else of the program is called here
            raise Malformed("The body cannot be read.") from error
        self._count += len(data)
        if self._count > self._most:
            raise TooLarge
        if not data and self._length is not None:
            raise Malformed("The body is shorter than its Content-Length.")
        return data


class HardenedRequest(Request):
    """The app's `request_class`: bodies and forms are read strictly, whoever asks first."""

    form_data_parser_class = StrictFormParser

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, to be read once, up to `max_content_length`. Raises UnsupportedMedia or TooLarge."""
        length, limit = self.content_length, self.max_content_length
        is_chunked = "HTTP_TRANSFER_ENCODING" in self.environ
        coding = self.headers.get("Content-Encoding", "").strip().lower()
        if coding not in {"", "identity"} and (length or is_chunked):
            raise UnsupportedMedia("Send the body as it is, without Content-Encoding.")
        if length is not None and limit is not None and length > limit:
            raise TooLarge
        if length is None and "wsgi.input_terminated" not in self.environ:
            return io.BytesIO()  # nobody would say where it ends
        return cast("IO[bytes]", _SentBody(self.environ["wsgi.input"], length, limit))


def is_json_type(request: Request) -> bool:
    """Whether the body claims to be JSON, in UTF-8.

    Types such as `application/merge-patch+json` ask for more than that, and no route does it.
    """
    if request.mimetype != "application/json":
        return False
    return request.mimetype_params.get("charset", "utf-8").lower() in {"utf-8", "utf8"}


def read_body(request: Request) -> bytes:
    """The raw body, also of a chunked request without length. Raises TooLarge past MAX_JSON_BYTES."""
    limit = int(current_app.config.get("MAX_JSON_BYTES", MAX_JSON_BYTES))
    declared = request.content_length
    if declared is not None and declared > limit:
        raise TooLarge(f"A JSON body may have at most {limit:,} bytes.", limit=limit)
    before = request.max_content_length
    request.max_content_length = limit if before is None else min(limit, before)
    try:
        raw = request.get_data(cache=True)
    except TooLarge:
        raise TooLarge(f"A JSON body may have at most {limit:,} bytes.", limit=limit) from None
    return raw


def read_query(request: Request) -> list[tuple[str, str]]:
    """The query's names and values in order. Raises Malformed when it is not UTF-8 or has too many."""
    try:
        return parse_qsl(
            request.query_string.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except UnicodeDecodeError:
        raise Malformed("The query string is not percent-encoded UTF-8.") from None
    except ValueError:
        raise Malformed(f"The query string has more than {MAX_PARAMETERS:,} parameters.") from None


def refuse_query(request: Request) -> None:
    """For routes that take no query parameters. Raises Invalid when there are some, naming each."""
    errors = {(name if is_sound_key(name) else WHOLE): ["Unknown field."] for name, _ in read_query(request)}
    if errors:
        raise Invalid(errors={"query": errors})


def refuse_body(request: Request) -> None:
    """For routes that take no body: none, or an empty JSON object, is fine. Raises an AppError otherwise."""
    raw = read_body(request)
    if not raw:
        return
    if not is_json_type(request):
        raise UnsupportedMedia("Send no body here, or an empty JSON object.")
    value = read_json(raw)
    if not isinstance(value, dict):
        raise Invalid(errors={"json": {WHOLE: ["Send no body here, or an empty JSON object."]}})
    if value:
        raise Invalid(errors={"json": {key: ["Unknown field."] for key in value}})


def refuse_undeclared(request: Request, locations: Collection[str]) -> None:
    """Refuse a query or a body that no schema of the route will read; `locations` are those of its schemas.

    Raises what `refuse_query` and `refuse_body` raise.
    """
    if not {"query", "querystring"}.intersection(locations):
        refuse_query(request)
    if not {"json", "form", "files", "json_or_form"}.intersection(locations):
        refuse_body(request)


def body_required(schema: ma.Schema) -> bool:
    """Whether an absent body is refused: the schema has a required field, or wants at least one key."""
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
        """A JSON or a multipart body, as the Content-Type says."""
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
        """The variables of the path; converters have made them what they are."""
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
        """Raise what a schema found as Invalid, with the public name of its place."""
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
        """Tell the errors of files from those of fields."""
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
                errors[WHOLE] = [f"Names must be valid text of at most {MAX_KEY_LENGTH} characters."]
                continue
            why = text_problem(value)
            # Form decoders put U+FFFD in the place of bytes that are not UTF-8.
            if why is None and location == "form" and "\ufffd" in value:
                why = "The text is not UTF-8."
            if why is not None:
                errors[name] = [why]
            elif isinstance(fields.get(name), List):
                data.setdefault(name, []).append(Parameter(value))
            elif name in data:
                errors[name] = ["Send this parameter once." if name in fields else "Unknown field."]
            else:
                data[name] = Parameter(value)
        if errors:
            raise Invalid(errors={location: errors})
        return data

    @staticmethod
    def _read_structure(key: str, field: ma.fields.Field[Any], found: Any) -> Any:
        """What a form field holds: structures are JSON strings, and lists of scalars may be."""
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
                f"The field {key} is not JSON. {error.detail}",
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
