"""Every kind of bad input is refused by the parser itself, with the right 4xx, for any schema."""

import gzip
import io
import json
import time
from enum import StrEnum

import pytest
from flask import Flask, jsonify, request
from flask.testing import FlaskClient
from hypothesis import given, settings, strategies as st

from marketplace.kernel import errors
from marketplace.web.hardened import fields
from marketplace.web.hardened.ids import IdConverter
from marketplace.web.hardened.parsing import HardenedParser
from marketplace.web.hardened.requests import HardenedRequest
from marketplace.web.hardened.schema import PatchSchema, Schema
from marketplace.web.hardened.strict_json import InvalidJson, check_value, read_json
from marketplace.web.hardened.undeclared import refuse_undeclared

STATUS = {
    errors.Malformed: 400,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.Invalid: 422,
}


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class AddressSchema(Schema):
    street = fields.Str(required=True, max=100)
    city_id = fields.Id()


class ThingSchema(Schema):
    name = fields.Str(required=True, max=50)
    count = fields.Int()
    ratio = fields.Float(min=0, max=10)
    address = fields.Nested(AddressSchema)
    tags = fields.List(fields.Str(max=20))
    ids = fields.List(fields.Id())
    avatar = fields.Upload(max_bytes=1000)
    papers = fields.List(fields.Upload(), max=2)
    price = fields.Money()


class QuerySchema(Schema):
    q = fields.Str(max=50)
    limit = fields.Int(load_default=20, min=1, max=100)
    status = fields.List(fields.Enum(Colour))
    verified = fields.Bool()


class FormOnlySchema(Schema):
    address = fields.JsonString(fields.Nested(AddressSchema), required=True)


class OptionalSchema(Schema):
    reason = fields.Str()


class ThingPatch(PatchSchema):
    name = fields.Str()


class HeaderSchema(Schema):
    trace = fields.Str(data_key="X-Trace", max=10)


class CookieSchema(Schema):
    flavour = fields.Str()


class PathSchema(Schema):
    slug = fields.Slug()


def _plain(value):
    if hasattr(value, "read"):
        return value.filename
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if hasattr(value, "currency"):
        return [value.amount, value.currency]
    return value


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask(__name__)
    app.request_class = HardenedRequest
    app.url_map.converters["int"] = IdConverter
    parser = HardenedParser()

    @app.errorhandler(errors.AppError)
    def refuse(error):
        status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
        return {"code": error.code, "detail": error.detail, **error.data}, status

    def route(rule, location, schema, methods=("POST",)):
        @parser.use_args(schema, location=location)
        def view(args, **_):
            return jsonify(_plain(args))

        app.add_url_rule(rule, endpoint=rule, view_func=view, methods=list(methods))

    route("/json", "json", ThingSchema)
    route("/many", "json", AddressSchema(many=True))
    route("/optional", "json", OptionalSchema)
    route("/patch", "json", ThingPatch(), methods=("PATCH",))
    route("/query", "query", QuerySchema, methods=("GET",))
    route("/querystring", "querystring", QuerySchema, methods=("GET",))
    route("/form", "form", ThingSchema)
    route("/files", "files", ThingSchema)
    route("/form-only", "form", FormOnlySchema)
    route("/form-optional", "form", OptionalSchema)
    route("/either", "json_or_form", ThingSchema)
    route("/headers", "headers", HeaderSchema, methods=("GET",))
    route("/cookies", "cookies", CookieSchema, methods=("GET",))
    route("/path/<slug>", "path", PathSchema, methods=("GET",))

    @app.get("/ids/<int:row>")
    def by_id(row):
        return jsonify(row)

    @app.delete("/ids/<int:row>")
    def delete_by_id(row):
        return jsonify(row)

    @app.post("/nothing")
    def nothing():
        refuse_undeclared(request, ())
        return jsonify(None)

    @app.post("/asked-first")
    def asked_first():
        return jsonify(request.form)

    @app.post("/declared")
    def declared():
        refuse_undeclared(request, ("query", "json"))
        return jsonify(None)

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def post(client, body, path="/json", content_type="application/json"):
    return client.post(path, data=body, content_type=content_type)


def test_a_good_body_arrives(client):
    body = {"name": " Zoë ", "count": 3, "ratio": 0.5, "address": {"street": "x", "city_id": 2**63 - 1}}
    answer = post(client, json.dumps(body))
    assert answer.status_code == 200
    assert answer.json == {**body, "name": "Zoë"}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "text/json",
        "application/jsonx",
        "application/vnd.api+json",
        "application/merge-patch+json",
        "application/json; charset=latin-1",
    ],
)
def test_a_body_of_another_type_is_415(client, content_type):
    answer = post(client, b'{"name": "x"}', content_type=content_type)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8"])
def test_json_types_are_taken(client, content_type):
    assert post(client, b'{"name": "x"}', content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b'{"name": "x"',
        b'{"name": "x"}}',
        b'{"name": "x",}',
        b"{'name': 'x'}",
        b'{"name": NaN}',
        b'{"ratio": Infinity}',
        b'{"ratio": -Infinity}',
        b'{"count": 01}',
        b'{"count": +1}',
        b'{"count": 1.}',
        b'{"name": "\xff"}',
        b'\xef\xbb\xbf{"name": "x"}',
        '{"name": "x"}'.encode("utf-16"),
        '{"name": "x"}'.encode("utf-16-le"),
        b'{"name": "a", "name": "b"}',
        b'{"name": "a", "address": {"street": "a", "street": "b"}}',
        b'{"name": "a\nb"}',
        b'{"name": "\\x41"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"[" * 33 + b"]" * 33,
        b'{"name": "x"} // comment',
    ],
)
def test_what_is_not_json_is_400(client, body):
    answer = post(client, body)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_json")


def test_the_detail_says_where(client):
    assert "line 2, column 1" in post(client, b'{"name": "x"\n]').json["detail"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"name": "a\\u0000b"}', ["name"]),
        (b'{"name": "\\ud800"}', ["name"]),
        (b'{"name": "a", "address": {"street": "\\udfff"}}', ["address", "street"]),
        (b'{"name": "a", "tags": ["a", "\\u0000"]}', ["tags", "1"]),
        (b'{"name": "a", "count": 9223372036854775808}', ["count"]),
        (b'{"name": "a", "count": -9223372036854775809}', ["count"]),
        (b'{"name": "a", "count": ' + b"9" * 5_000 + b"}", ["count"]),
        (b'{"name": "a", "ratio": 1e400}', ["ratio"]),
        (b'{"name": "a", "ratio": -1e400}', ["ratio"]),
        (b'{"name": "a", "ratio": 1e-400}', ["ratio"]),
        (b'{"name": "a", "ratio": 0.1234567890123456789}', ["ratio"]),
        (b'{"name": "a", "count": 2147483648}', ["count"]),
        (b'{"name": "a", "count": "1"}', ["count"]),
        (b'{"name": "a", "count": true}', ["count"]),
        (b'{"name": "a", "count": 1.0}', ["count"]),
        (b'{"name": 1}', ["name"]),
        (b'{"name": null}', ["name"]),
        (b"{}", ["name"]),
        (b'{"name": "a", "extra": 1}', ["extra"]),
        (b'{"name": "a", "address": {"street": "b", "extra": 1}}', ["address", "extra"]),
        (b'{"name": "a", "address": []}', ["address", "_schema"]),
        (b'{"name": "a", "address": "{}"}', ["address", "_schema"]),
        (b'{"name": "a", "tags": "b"}', ["tags"]),
        (b'{"name": "a", "tags": {"0": "b"}}', ["tags"]),
        (b'{"name": "a", "\\u0000": 1}', ["_schema"]),
        (b'{"name": "a", "' + b"k" * 300 + b'": 1}', ["_schema"]),
        (b"[]", ["_schema"]),
        (b'"text"', ["_schema"]),
        (b"null", ["_schema"]),
        (b"1", ["_schema"]),
        (b"1e999", ["_schema"]),
        (b"[" + b"1," * 20_000 + b"1]", ["9999"]),
        (b'{"name": "a", "avatar": "x"}', ["avatar"]),
    ],
)
def test_json_with_values_that_are_refused_is_422_and_names_the_place(client, body, place):
    answer = post(client, body)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    found = answer.json["errors"]["json"]
    for step in place:
        found = found[step]
    assert all(isinstance(reason, str) for reason in found)


def test_numbers_at_the_edges_are_kept(client):
    body = b'{"name": "a", "ids": [1, 9223372036854775807], "ratio": 0.30000000000000004}'
    assert post(client, body).json["ids"] == [1, 2**63 - 1]
    assert post(client, body).json["ratio"] == 0.30000000000000004
    assert post(client, b'{"name": "a", "ratio": 1.50000000000000000000000000}').json["ratio"] == 1.5
    assert post(client, b'{"name": "a", "ratio": 0.0e5}').json["ratio"] == 0


def test_hostile_bodies_are_refused_quickly():
    started = time.perf_counter()
    for text in (
        "[" * 200_000,
        "9" * 250_000,
        "1." + "9" * 250_000,
        '"\\' * 120_000,
        '"' * 250_000,
        '{"a":1,' * 36_000,
        "1e" + "9" * 250_000,
        '"' + "\\" * 250_001,
    ):
        with pytest.raises(errors.AppError):
            read_json(text)
    assert time.perf_counter() - started < 2


def test_a_large_body_is_413(client):
    body = b'{"name": "' + b"a" * 300_000 + b'"}'
    answer = post(client, body)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_a_large_chunked_body_is_413(client):
    answer = client.post(
        "/json",
        input_stream=io.BytesIO(b'{"name": "' + b"a" * 300_000 + b'"}'),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


CHUNKED = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
FORM = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n--x--\r\n'


@pytest.mark.parametrize(("size", "status"), [(1_000, 200), (1_001, 413), (5_000, 413)])
@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_body_is_taken_up_to_the_limit_and_never_cut(app, client, monkeypatch, size, status, is_chunked):
    """What is whole at the limit is not taken for the whole when more follows."""
    monkeypatch.setitem(app.config, "MAX_JSON_BYTES", 1_000)
    body = b'{"name": "x"}'.ljust(1_000) + b"y" * (size - 1_000)
    answer = client.post(
        "/json",
        input_stream=io.BytesIO(body),
        content_type="application/json",
        environ_overrides=CHUNKED if is_chunked else {"CONTENT_LENGTH": str(size)},
    )
    assert answer.status_code == status
    if status == 413:
        assert (answer.json["code"], answer.json["limit"]) == ("too_large", 1_000)


@pytest.mark.parametrize("excess", [0, 1, 100_000])
def test_a_chunked_form_is_taken_up_to_the_limit(app, client, monkeypatch, excess):
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", len(FORM))
    answer = client.post(
        "/form",
        input_stream=io.BytesIO(FORM + b" " * excess),
        content_type="multipart/form-data; boundary=x",
        environ_overrides=CHUNKED,
    )
    assert answer.status_code == (413 if excess else 200)


@pytest.mark.parametrize("terminated", [{"wsgi.input_terminated": True}, {}])
@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/json", "application/json", b'{"name": "x"}'),
        ("/nothing", "application/json", b"{}"),
        ("/nothing", "application/json", b""),
        ("/form", "multipart/form-data; boundary=x", FORM),
    ],
)
def test_a_body_shorter_than_its_length_is_refused(client, path, content_type, body, terminated):
    answer = client.post(
        path,
        input_stream=io.BytesIO(body),
        content_type=content_type,
        environ_overrides={"CONTENT_LENGTH": str(len(body) + 1), **terminated},
    )
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip", "x-unknown"])
@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/json", "application/json", b'{"name": "x"}'),
        ("/json", "application/json", gzip.compress(b'{"name": "x"}', mtime=0)),
        ("/nothing", "application/json", b"{}"),
        ("/form", "multipart/form-data; boundary=x", FORM),
    ],
)
def test_a_coded_body_is_415(client, path, content_type, body, coding):
    headers = {"Content-Encoding": coding}
    answer = client.post(path, data=body, content_type=content_type, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
    assert "Content-Encoding" in answer.json["detail"]


def test_a_coding_without_a_body_or_of_none_is_nothing(client):
    assert client.post("/nothing", headers={"Content-Encoding": "gzip"}).status_code == 200
    answer = client.post("/json", json={"name": "x"}, headers={"Content-Encoding": "identity"})
    assert answer.status_code == 200


def test_a_chunked_body_without_length_is_read(client):
    answer = client.post(
        "/json",
        input_stream=io.BytesIO(b'{"name": "a"}'),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.json == {"name": "a"}


def test_the_limit_is_the_apps(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "MAX_JSON_BYTES", 20)
    assert post(client, b'{"name": "a"}').status_code == 200
    assert post(client, b'{"name": "aaaaaaaaaaaaaaaaaaa"}').status_code == 413


def test_a_body_may_be_absent_where_nothing_in_it_is_required(client):
    assert client.post("/optional").json == {}
    assert client.post("/json").status_code == 400
    assert client.patch("/patch").status_code == 400


def test_a_patch_wants_a_key(client):
    answer = client.patch("/patch", json={})
    assert answer.status_code == 422
    assert answer.json["errors"] == {"json": {"_schema": ["Send at least one field to change."]}}
    assert client.patch("/patch", json={"name": "x"}).json == {"name": "x"}


def test_many_wants_an_array(client):
    assert client.post("/many", json=[{"street": "a"}]).json == [{"street": "a"}]
    assert client.post("/many", json={"street": "a"}).json["errors"]["json"]["_schema"]
    assert client.post("/many", json=[{"street": "a"}, {}]).json["errors"]["json"]["1"]["street"]
    assert client.post("/many", json=[{"street": "a"}, 3]).status_code == 422


# Queries


def test_a_good_query_arrives(client):
    answer = client.get("/query?q=%C3%A9&status=red&status=blue&verified=true")
    assert answer.json == {"q": "é", "limit": 20, "status": ["red", "blue"], "verified": True}
    assert client.get("/query?limit=7").json["limit"] == 7


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("x=1", "x"),
        ("limit=1&limit=2", "limit"),
        ("limit=%2B5", "limit"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=%D9%A5", "limit"),
        ("limit=5.0", "limit"),
        ("limit=%205", "limit"),
        ("limit=1_0", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=", "limit"),
        ("q=%00", "q"),
        ("q=a%0Ab", "q"),
        ("status=green", "status"),
        ("verified=1", "verified"),
        ("verified=True", "verified"),
        ("a%00b=1", "_schema"),
    ],
)
@pytest.mark.parametrize("path", ["/query", "/querystring"])
def test_a_bad_query_is_422_and_names_the_parameter(client, path, query, field):
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert answer.json["errors"]["query"][field]


def test_unknown_parameters_are_said_to_be_unknown(client):
    assert client.get("/query?x=1").json["errors"] == {"query": {"x": ["Unknown field."]}}
    assert client.get("/query?x=1&x=2").json["errors"] == {"query": {"x": ["Unknown field."]}}


@pytest.mark.parametrize("query", ["q=%ff", "q=%ed%a0%80", "%c3=1", "&".join(["q=1"] * 2000)])
def test_a_query_that_cannot_be_read_is_400(client, query):
    answer = client.get(f"/query?{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")


# Forms


def form(client, data, path="/form"):
    return client.post(path, data=data, content_type="multipart/form-data")


@pytest.mark.parametrize("path", ["/form", "/files", "/either"])
def test_a_multipart_body_arrives_whole(client, path):
    data = {
        "name": "Zoë",
        "count": "3",
        "address": '{"street": "x", "city_id": 4}',
        "ids": ["1", "2"],
        "tags": '["a", "b"]',
        "price": '{"amount": 5, "currency": "USD"}',
        "avatar": (io.BytesIO(b"picture"), "me.png"),
        "papers": [(io.BytesIO(b"one"), "1.pdf"), (io.BytesIO(b"two"), "2.pdf")],
    }
    answer = form(client, data, path)
    assert answer.json == {
        "name": "Zoë",
        "count": 3,
        "address": {"street": "x", "city_id": 4},
        "ids": [1, 2],
        "tags": ["a", "b"],
        "price": [5, "USD"],
        "avatar": "me.png",
        "papers": ["1.pdf", "2.pdf"],
    }


def test_either_takes_json_and_nothing_else(client):
    assert client.post("/either", json={"name": "a"}).json == {"name": "a"}
    assert post(client, b"name=a", "/either", "application/x-www-form-urlencoded").status_code == 415
    assert post(client, b"x", "/form", "application/json").status_code == 415
    assert post(client, b"name=a", "/form", "application/x-www-form-urlencoded").status_code == 415
    errors_ = client.post("/either", json={"name": ""}).json["errors"]
    assert set(errors_) == {"json"}


@pytest.mark.parametrize("path", ["/form", "/form-only"])
@pytest.mark.parametrize(
    "text", ["{", "", "street", '{"street": "a", "street": "b"}', "[" * 100_000, "{'a': 1}"]
)
def test_bad_json_in_a_form_field_is_400_and_names_the_field(client, path, text):
    data = {"address": text} if path == "/form-only" else {"name": "a", "address": text}
    answer = form(client, data, path)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_json")
    assert answer.json["field"] == "address"
    assert answer.json["errors"]["form"]["address"]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({}, ["form", "name"]),
        ({"name": "a", "extra": "1"}, ["form", "extra"]),
        ({"name": ["a", "b"]}, ["form", "name"]),
        ({"name": "a\x00b"}, ["form", "name"]),
        ({"name": "a", "count": "x"}, ["form", "count"]),
        ({"name": "a", "address": "[]"}, ["form", "address"]),
        ({"name": "a", "address": '"x"'}, ["form", "address"]),
        ({"name": "a", "address": "{}"}, ["form", "address", "street"]),
        ({"name": "a", "address": '{"street": "\\u0000"}'}, ["form", "address", "street"]),
        ({"name": "a", "address": '{"street": "b", "city_id": 1e999}'}, ["form", "address", "city_id"]),
        ({"name": "a", "address": '{"street": "b", "city_id": "1"}'}, ["form", "address", "city_id"]),
        ({"name": "a", "ids": ["1", "x"]}, ["form", "ids", "1"]),
        ({"name": "a", "avatar": "text"}, ["files", "avatar"]),
        ({"name": (io.BytesIO(b"x"), "n.txt")}, ["form", "name"]),
        ({"name": "a", "avatar": (io.BytesIO(b""), "empty.png")}, ["files", "avatar"]),
        ({"name": "a", "avatar": (io.BytesIO(b"x" * 2000), "big.png")}, ["files", "avatar"]),
        ({"name": "a", "avatar": [(io.BytesIO(b"x"), "1"), (io.BytesIO(b"x"), "2")]}, ["files", "avatar"]),
        ({"name": "a", "papers": [(io.BytesIO(b"x"), str(i)) for i in range(3)]}, ["files", "papers"]),
        ({"name": "a", "other": (io.BytesIO(b"x"), "n.txt")}, ["form", "other"]),
    ],
)
def test_a_bad_form_is_422_and_names_the_field(client, data, place):
    answer = form(client, data)
    assert answer.status_code == 422
    found = answer.json["errors"]
    for step in place:
        found = found[step]
    assert found


def test_a_form_that_is_not_utf8_is_refused(client):
    body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\xfe\r\n--x--\r\n'
    answer = post(client, body, "/form", "multipart/form-data; boundary=x")
    assert answer.json["errors"] == {"form": {"name": ["The text is not UTF-8."]}}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"no parts at all"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nab'),
    ],
)
def test_a_broken_form_is_400(client, content_type, body):
    for path in ("/form", "/form-optional", "/asked-first"):
        answer = post(client, body, path, content_type)
        assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")


def test_a_form_past_the_apps_limit_is_413(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "MAX_FORM_MEMORY_SIZE", 100)
    assert form(client, {"name": "a" * 1000}).status_code == 413
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 50)
    assert form(client, {"name": "a"}).status_code == 413


def test_an_empty_file_input_counts_as_absent(client):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n'
        b'--x\r\nContent-Disposition: form-data; name="avatar"; filename=""\r\n\r\n\r\n--x--\r\n'
    )
    answer = post(client, body, "/form", "multipart/form-data; boundary=x")
    assert answer.json == {"name": "a"}


# Other places


def test_headers_and_cookies_are_the_declared_ones(client):
    assert client.get("/headers", headers={"X-Trace": "abc", "X-Other": "1"}).json == {"trace": "abc"}
    assert client.get("/headers").json == {}
    assert client.get("/headers", headers={"X-Trace": "a" * 11}).json["errors"]["headers"]["X-Trace"]
    client.set_cookie("flavour", "oat")
    client.set_cookie("other", "1")
    assert client.get("/cookies").json == {"flavour": "oat"}


def test_a_path_is_checked(client):
    assert client.get("/path/a-b").json == {"slug": "a-b"}
    assert client.get("/path/A").json["errors"]["path"]["slug"]
    assert client.get("/path/a%00b").json["errors"]["path"]["slug"]


class BrokenBody(io.BytesIO):
    """What a server gives for a body whose chunks are not what they say."""

    def read(self, _size=-1):
        raise RuntimeError("Invalid chunk size")


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/json", "/form", "/nothing"])
def test_a_body_that_the_server_cannot_read_is_malformed(client, path, content_type):
    answer = client.post(
        path,
        input_stream=BrokenBody(),
        content_type=content_type,
        environ_overrides=CHUNKED,
    )
    assert answer.status_code in {400, 415}
    assert answer.json["code"] in {"malformed_request", "unsupported_media_type"}


def test_ids_that_no_row_can_have_are_404(client):
    assert client.get(f"/ids/{2**63 - 1}").json == 2**63 - 1
    for text in ("0", "01", "-1", str(2**63), "9" * 5000, "٣", "1.0", "x", "1%00"):
        assert client.get(f"/ids/{text}").status_code == 404
        assert client.delete(f"/ids/{text}").status_code == 404
    for digits in ("9" * 18, "8" + "9" * 18, "9223372036854775799", str(2**63 - 1)):
        assert client.get(f"/ids/{digits}").json == int(digits)
    for digits in ("9223372036854775808", "9223372036854775810", "9300000000000000000", "1" + "0" * 19):
        assert client.get(f"/ids/{digits}").status_code == 404


def test_routes_that_take_nothing_refuse_what_comes(client):
    assert client.post("/nothing").status_code == 200
    assert client.post("/nothing", json={}).status_code == 200
    assert client.post("/nothing", json={"a": 1}).json["errors"] == {"json": {"a": ["Unknown field."]}}
    assert client.post("/nothing", json=[]).status_code == 422
    assert client.post("/nothing", data=b"x", content_type="text/plain").status_code == 415
    assert client.post("/nothing?a=1").json["errors"] == {"query": {"a": ["Unknown field."]}}
    assert client.post("/nothing?%00=1").status_code == 422
    assert client.post("/declared?a=1", json={"a": 1}).status_code == 200


# The functions that Socket.IO uses


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"text": "a\x00"}, ["text"]),
        ({"a": [{"b": "\ud800"}]}, ["a", 0, "b"]),
        ({"n": 2**63}, ["n"]),
        ({"n": float("nan")}, ["n"]),
        ({"n": float("inf")}, ["n"]),
        ({"b": b"bytes"}, ["b"]),
        ({1: "x"}, ["_schema"]),
        ({"\x00": "x"}, ["_schema"]),
        (b"x", ["_schema"]),
    ],
)
def test_decoded_values_are_checked(value, place):
    with pytest.raises(errors.Invalid) as caught:
        check_value(value, "payload")
    found = caught.value.data["errors"]["payload"]
    for step in place:
        found = found[step]
    assert isinstance(found, list)


def test_decoded_values_that_are_sound_pass():
    check_value({"a": [1, 2.5, None, True, "é\n"], "b": {"c": -(2**63)}})


def test_only_some_of_very_many_problems_are_told():
    with pytest.raises(errors.Invalid) as caught:
        check_value([float("nan")] * 5_000)
    assert len(caught.value.data["errors"]["json"]) == 50


def test_deep_decoded_values_are_refused():
    value: list = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(errors.Invalid):
        check_value(value)
    while value:  # taken apart by hand: freeing a nest so deep recurses in some Pythons
        value = value.pop()


JSON_LIKE = st.text(alphabet='[]{}":,\\ntruefalsu0123456789.eE+-\ud800\x00 \n\ufeffNaIfity', max_size=80)


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80), JSON_LIKE))
@settings(max_examples=600, deadline=None)
def test_reading_never_fails_in_another_way(raw):
    try:
        value = read_json(raw)
    except errors.AppError:
        return
    json.dumps(value, allow_nan=False).encode("utf-8")


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
@settings(max_examples=300, deadline=None)
def test_what_json_can_say_comes_through_unchanged(value):
    assert read_json(json.dumps(value)) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_invalid_json_is_a_malformed_request():
    with pytest.raises(errors.Malformed) as caught:
        read_json("{")
    assert isinstance(caught.value, InvalidJson)
