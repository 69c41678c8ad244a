"""The field types: what they take, what they refuse, what they give out, what the OpenAPI document says."""

import io
import json
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum

import marshmallow as ma
import pytest
from apispec import APISpec
from hypothesis import given, settings, strategies as st
from jsonschema import Draft202012Validator
from werkzeug.datastructures import FileStorage

from marketplace.kernel.money import Money
from marketplace.web.hardened import fields
from marketplace.web.hardened.fields import Parameter, Point
from marketplace.web.hardened.schema import PatchSchema, Schema, schema_name
from marketplace.web.openapi.field_types import HardenedMarshmallowPlugin


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class LeafSchema(Schema):
    name = fields.Str(required=True)


def load(field, value):
    return Schema.from_dict({"x": field})().load({"x": value})["x"]


def dump(field, value):
    return Schema.from_dict({"x": field})().dump({"x": value})["x"]


def refused(field, value):
    with pytest.raises(ma.ValidationError) as caught:
        load(field, value)
    return caught.value.messages["x"]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        (fields.Str(), "  a  ", "a"),
        (fields.Str(), "e\u0301", "é"),
        (fields.Str(), Parameter("x"), "x"),
        (fields.Str(max=2), "ab ", "ab"),
        (fields.Str(trim=False), " a ", " a "),
        (fields.Str(min=0), "", ""),
        (fields.Str(pattern="[a-z]+"), "abc", "abc"),
        (fields.Str(), "👩‍👩‍👧 שלום", "👩‍👩‍👧 שלום"),
        (fields.Str(), "می\u200cخواهم", "می\u200cخواهم"),
        (fields.Str(), "രമണന്\u200d", "രമണന്\u200d"),
        (fields.Str(), "\u200bab\ufeff \u2060", "ab"),
        (fields.Str(), "\u200fC++\u200f نجارة", "C++ نجارة"),
        (
            fields.Str(),
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
        (fields.Str(), "\U0001fae9", "\U0001fae9"),  # unassigned before Unicode 16
        (fields.Str(), "한국", "한국"),
        (fields.Text(), "a\u2028b\u2029c", "a\nb\nc"),
        (fields.Text(min=1), "\u2067ab\u2069 \u200fcd", "\u2067ab\u2069 \u200fcd"),
        (fields.Text(), " \u200b\n", ""),
        (fields.Text(), "a\r\nb\tc\n", "a\nb\tc"),
        (fields.Text(), "", ""),
        (
            fields.Search(),
            "one two three four five six seven eight",
            "one two three four five six seven eight",
        ),
        (fields.Search(), "में हिन्दी की प्लंबिंग सेवाएँ खोज रहा हूँ", "में हिन्दी की प्लंबिंग सेवाएँ खोज रहा हूँ"),
        (fields.Search(letters=2), "津", "津"),
        (fields.Search(letters=2), "\uff82", "\uff82"),
        (fields.Username(), "Ann_b.c-9", "Ann_b.c-9"),
        (fields.Slug(), "house-cleaning-2", "house-cleaning-2"),
        (fields.VisibleAscii(), "V1StGXR8_Z5j~!", "V1StGXR8_Z5j~!"),
        (fields.Email(), " Ann.O'Neil+x@Example.ORG ", "Ann.O'Neil+x@example.org"),
        (fields.Email(), "a@bücher.example", "a@xn--bcher-kva.example"),
        (fields.Phone(), "+44 20 7183-8750", "+442071838750"),
        (fields.Phone(), "+1 (415) 555-2671", "+14155552671"),
        (fields.Password(), " Secret1! ", " Secret1! "),
        (fields.Password(), "a" * 128, "a" * 128),
        (fields.Url(), "https://example.org:8080/a?b=c#d", "https://example.org:8080/a?b=c#d"),
        (fields.Int(), 2**31 - 1, 2**31 - 1),
        (fields.Int(), Parameter("-12"), -12),
        (fields.Id(), 2**63 - 1, 2**63 - 1),
        (fields.Id(), Parameter("7"), 7),
        (fields.Rating(), 5, 5),
        (fields.Float(min=-90, max=90), 1, 1.0),
        (fields.Float(min=-90, max=90), Parameter("-1.5"), -1.5),
        (fields.Bool(), True, True),
        (fields.Bool(), Parameter("false"), False),
        (
            fields.Uuid(),
            "6BA7B810-9DAD-41D1-80B4-00C04FD430C8",
            uuid.UUID("6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
        ),
        (fields.DateTime(), "2030-01-31T09:00:00Z", datetime(2030, 1, 31, 9, tzinfo=UTC)),
        (
            fields.DateTime(),
            "2030-01-31t09:00:00.123456789z",
            datetime(2030, 1, 31, 9, 0, 0, 123456, tzinfo=UTC),
        ),
        (fields.DateTime(), "2030-01-01T00:30:00+14:00", datetime(2029, 12, 31, 10, 30, tzinfo=UTC)),
        (fields.DateTime(), "2030-01-01T00:00:00.5-00:00", datetime(2030, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
        (fields.DateTime(), Parameter("2030-01-01T02:00:00 02:00"), datetime(2030, 1, 1, tzinfo=UTC)),
        (fields.Date(), "2028-02-29", date(2028, 2, 29)),
        (fields.Time(), "23:59", time(23, 59)),
        (fields.MinuteOfDay(), "09:30", 570),
        (fields.MinuteOfDay(until_midnight=True), "24:00", 1440),
        (fields.TimeZone(), "Europe/Berlin", "Europe/Berlin"),
        (fields.TimeZone(), "UTC", "UTC"),
        (fields.Locale(), "pt_br", "pt-BR"),
        (fields.Locale(), "zh-hant-tw", "zh-Hant-TW"),
        (fields.Country(), "DE", "DE"),
        (fields.Currency(), "USD", "USD"),
        (fields.Money(), {"amount": 5, "currency": "JPY"}, Money(5, "JPY")),
        (fields.Enum(Colour), "red", Colour.RED),
        (fields.Enum(Colour), Parameter("blue"), Colour.BLUE),
        (fields.LatLng(), "52.52,-13.405", Point(52.52, -13.405)),
        (fields.List(fields.Id()), [1, 2], [1, 2]),
        (fields.Nested(LeafSchema), {"name": "a"}, {"name": "a"}),
        (fields.Nested(LeafSchema, many=True), [{"name": "a"}], [{"name": "a"}]),
        (fields.Dict(keys=fields.Id(), values=fields.Int()), {"4": 5}, {4: 5}),
        (fields.JsonString(fields.Nested(LeafSchema)), {"name": "a"}, {"name": "a"}),
        (fields.Str(allow_none=True), None, None),
    ],
)
def test_taken(field, value, kept):
    found = load(field, value)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            (fields.Str(), value)
            for value in (1, True, [], {}, b"x", None, "", "  ", "a\nb", "\x00", "a\x85b", "\ud800")
        ),
        *(
            (kind(min=1), value)
            for kind in (fields.Str, fields.Text)
            for value in (
                "\u200b\u200d",
                "\u200e\ufeff",
                "\u0301",
                "\u3164",
                "\u115f\u1160\uffa0",
                "\u2800",
                "\u034f",
                "\xad",
                "\ue000",
                "\U000e0041",
                "\ufe0f",
                "a\ufdd0",
                "a\uffff",
                "a\U0001fffe",
                "a\U0010ffff",
            )
        ),
        (fields.Text(), "\u3164"),
        (fields.Str(min=0), "\u2800"),
        *(
            (fields.Str(), f"a{turn}b")
            for turn in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
        ),
        (fields.Search(), " ".join("abcdefghi")),
        (fields.Search(), "a.b.c.d.e.f.g.h.i"),
        (fields.Search(), "a\u3000b、c・d/e_f-g+h&i"),
        (fields.Search(), "+ - * / % & = # @"),
        (fields.Search(), "x" * 101),
        (fields.Search(letters=2), "a"),
        (fields.Search(letters=2), "д"),
        (fields.Str(max=3), "abcd"),
        (fields.Str(min=3), "ab"),
        (fields.Str(pattern="[a-z]+"), "abc1"),
        (fields.Str(pattern=r"\d+"), "٣"),
        (fields.Text(min=1), " \n "),
        (fields.Text(), "a\x00b"),
        (fields.Text(), "a\x1bb"),
        (fields.Text(), "x" * 4001),
        *(
            (fields.Username(), value)
            for value in ("ab", "a b", "a@b.c", "+44123", "Ünal", "x" * 51, ".abc", "abc\n1")
        ),
        *((fields.Slug(), value) for value in ("A", "-a", "a--b", "a_b", "é")),
        *(
            (fields.VisibleAscii(), value)
            for value in ("", " ", "a b", " a", "a\n", "é", "\u200ba", "x" * 65, 5)
        ),
        *(
            (fields.Email(), value)
            for value in (
                "a",
                "a@",
                "@b.c",
                "a@b",
                "a b@c.de",
                "a@b..de",
                ".a@b.de",
                "a..b@c.de",
                "a.@c.de",
                "a@-b.de",
                "é@b.de",
                "a@b.de\nBcc: x@y.z",
                "a@[127.0.0.1]",
                "a@127.0.0.1",
                "x" * 65 + "@b.de",
                "a@" + "b" * 64 + ".de",
                "a@" + "b." * 130 + "de",
                '"a"@b.de',
                "a@b@c.de",
                "a@b.de.",
                "a@ü..de",
            )
        ),
        *(
            (fields.Phone(), value)
            for value in (
                "020 7183 8750",
                "004420",
                "+",
                "+1",
                "+0000000000",
                "+٤٤٢٠٧١٨٣٨٧٥٠",
                "+1800FLOWERS",
                "+44 20 7183 8750;ext=1",
                "+999123456789",
                442071838750,
                "+4420718387501234567",
            )
        ),
        *((fields.Password(), value) for value in ("", "a" * 129, "a\x00b", "\udc00", 12345678)),
        *(
            (fields.Url(), value)
            for value in (
                "example.org",
                "ftp://example.org",
                "javascript:alert(1)",
                "https://",
                "https:///x",
                "https://a:b@example.org",
                "https://example.org:99999",
                "https://[::1",
                "https://a b.c",
                "https://example.org/<x>",
                "https://example.org/\x00",
            )
        ),
        *(
            (fields.Int(), value)
            for value in (
                "1",
                1.0,
                True,
                False,
                None,
                [],
                2**31,
                -(2**31) - 1,
                Parameter("\u0661"),
                Parameter("1.0"),
                Parameter(""),
                Parameter("+1"),
                Parameter(" 1"),
                Parameter("1_000"),
                Parameter("9" * 5000),
            )
        ),
        *((fields.Id(), value) for value in (0, -1, 2**63, Parameter("0"), Parameter("9223372036854775808"))),
        *((fields.Rating(), value) for value in (0, 6, 4.5)),
        *(
            (fields.Float(min=0, max=5), value)
            for value in (
                "1",
                True,
                None,
                -0.1,
                5.1,
                float("nan"),
                float("inf"),
                Parameter("nan"),
                Parameter("1e5"),
                Parameter("inf"),
                Parameter("\u0661"),
                10**400,
            )
        ),
        *((fields.Bool(), value) for value in ("true", 1, 0, "yes", None, Parameter("True"), Parameter("1"))),
        *(
            (fields.Uuid(), value)
            for value in (
                "x",
                1,
                "6ba7b8109dad41d180b400c04fd430c8",
                "{6ba7b810-9dad-41d1-80b4-00c04fd430c8}",
            )
        ),
        *(
            (fields.DateTime(), value)
            for value in (
                "2030-01-31T09:00:00",
                "2030-01-31",
                "2030-01-31 09:00:00Z",
                "2030-02-30T09:00:00Z",
                "2030-13-01T09:00:00Z",
                "2030-01-31T24:00:00Z",
                "2030-01-31T09:60:00Z",
                "2016-12-31T23:59:60Z",
                "0001-01-01T00:00:00+14:00",
                "9999-12-31T23:59:59-14:00",
                "1900-01-01T00:00:00+01:00",
                "2200-12-31T23:59:59-01:00",
                "2030-01-31T09:00:00+24:00",
                "2030-01-31T09:00:00+01:60",
                "2030-01-31T09:00:00+0100",
                "2030-01-31T09:00Z",
                "2030-1-31T09:00:00Z",
                "٢٠٣٠-01-31T09:00:00Z",
                "2030-01-31T09:00:00.Z",
                "2030-01-31T09:00:00Z\n",
                "now",
                1893456000,
                None,
                Parameter("2030-01-31 09:00:00Z"),
            )
        ),
        *(
            (fields.Date(), value)
            for value in ("2030-02-29", "20300101", "1899-12-31", "2201-01-01", "2030-1-1", 1, "٢٠٣٠-01-01")
        ),
        *((fields.Time(), value) for value in ("24:00", "9:00", "09:60", "09:00:00", "٠٩:00", 9, "09:00\n")),
        *((fields.MinuteOfDay(), value) for value in ("24:00", "9:00", 540)),
        (fields.MinuteOfDay(until_midnight=True), "24:01"),
        *(
            (fields.TimeZone(), value)
            for value in ("Mars/Base", "../etc/passwd", "europe/berlin", "localtime", "+02:00", "", "\x00")
        ),
        *(
            (fields.Locale(), value)
            for value in ("xx", "english", "en-", "en-XX1", "en-US-x-y", "../en", "qq-QQ")
        ),
        *((fields.Country(), value) for value in ("de", "DEU", "D")),
        *((fields.Currency(), value) for value in ("usd", "XXX", "BTC", 1, None)),
        *(
            (fields.Money(), value)
            for value in (
                5,
                "5 USD",
                [],
                {},
                {"amount": 5},
                {"amount": 5.0, "currency": "USD"},
                {"amount": "5", "currency": "USD"},
                {"amount": -1, "currency": "USD"},
                {"amount": 10**16, "currency": "USD"},
                {"amount": 5, "currency": "BTC"},
                {"amount": 5, "currency": "USD", "x": 1},
            )
        ),
        *((fields.Enum(Colour), value) for value in ("RED", "green", 1, None, [], {})),
        (fields.Enum(Colour, only=(Colour.RED,)), "blue"),
        *(
            (fields.LatLng(), value)
            for value in (
                "91,0",
                "0,181",
                "1",
                "a,b",
                "1,2,3",
                "1e1,2",
                "nan,nan",
                "\u0661,\u0662",
                " 1,2",
                1,
            )
        ),
        *((fields.Upload(), value) for value in ("text", b"bytes", FileStorage(io.BytesIO(b""), "x"))),
        (fields.Upload(max_bytes=2), FileStorage(io.BytesIO(b"abc"), "x")),
        *(
            (fields.List(fields.Id(), min=1, max=2, unique=True), value)
            for value in ([], [1, 2, 3], [1, 1], "1", {}, (1,), [None], ["1"])
        ),
        *((fields.Nested(LeafSchema), value) for value in ([], "x", 1, None, {}, {"name": "a", "b": 1})),
        *(
            (fields.Nested(LeafSchema, many=True, max=1), value)
            for value in ({}, "x", {"name": "a"}, [{"name": "a"}] * 2, [1])
        ),
        *(
            (fields.Dict(keys=fields.Id(), values=fields.Int(), max=1), value)
            for value in ([], {"0": 1}, {"x": 1}, {"1": "1"}, {"1": 1, "2": 2}, {"1": None})
        ),
        (fields.JsonString(fields.Nested(LeafSchema)), '{"name": "a"}'),
    ],
)
def test_refused(field, value):
    messages = refused(field, value)
    assert messages


def test_messages_never_repeat_a_password():
    secret = "Hunter2!" * 20
    assert "Hunter2" not in json.dumps(refused(fields.Password(), secret))
    assert fields.Password().load_only
    assert "x" not in Schema.from_dict({"x": fields.Password()})().dump({"x": secret})


@pytest.mark.parametrize(
    ("field", "value", "given_out"),
    [
        (
            fields.DateTime(),
            datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            "2030-01-01T00:00:00Z",
        ),
        (fields.DateTime(), datetime(2030, 1, 1, 0, 0, 0, 5, tzinfo=UTC), "2030-01-01T00:00:00.000005Z"),
        (fields.Date(), date(2030, 1, 1), "2030-01-01"),
        (fields.Time(), time(9, 5), "09:05"),
        (fields.MinuteOfDay(), 1440, "24:00"),
        (fields.Money(), Money(5, "USD"), {"amount": 5, "currency": "USD"}),
        (fields.Enum(Colour), Colour.RED, "red"),
        (fields.Enum(Colour), "red", "red"),
        (fields.LatLng(), Point(1.5, -2), "1.500000,-2.000000"),
        (fields.Uuid(), uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (fields.Float(min=0, max=5), 4, 4.0),
        (fields.Raw(), {"any": ["thing"]}, {"any": ["thing"]}),
        (fields.List(fields.Id()), [1], [1]),
        (fields.Nested(LeafSchema), {"name": "a", "secret": 1}, {"name": "a"}),
        *(
            (field, None, None)
            for field in (
                fields.Str(),
                fields.Int(),
                fields.Bool(),
                fields.DateTime(),
                fields.Date(),
                fields.Money(),
                fields.Enum(Colour),
                fields.Nested(LeafSchema),
                fields.LatLng(),
            )
        ),
    ],
)
def test_given_out(field, value, given_out):
    found = dump(field, value)
    assert found == given_out
    json.dumps(found)


def test_naive_times_are_not_given_out():
    with pytest.raises(TypeError, match="naive"):
        dump(fields.DateTime(), datetime(2030, 1, 1))  # noqa: DTZ001 - the naive one is the point


@given(st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis adds the zone
@settings(max_examples=150, deadline=None)
def test_times_come_back_as_they_went(moment):
    # In UTC: Python holds no time of a repeated hour equal to one of another zone (PEP 495).
    assert load(fields.DateTime(), dump(fields.DateTime(), moment)) == moment.astimezone(UTC)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
@pytest.mark.parametrize(
    "field",
    [
        fields.Str(),
        fields.Email(),
        fields.Phone(),
        fields.Url(),
        fields.DateTime(),
        fields.Locale(),
        fields.TimeZone(),
        fields.LatLng(),
        fields.Date(),
        fields.Int(),
        fields.Float(min=0, max=1),
    ],
    ids=lambda field: type(field).__name__,
)
def test_any_text_is_taken_or_refused(field, text):
    for value in (text, Parameter(text)):
        try:
            load(field, value)
        except ma.ValidationError:
            continue


# Schemas


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"x": ma.fields.Str()},
        lambda: {"x": ma.fields.Raw()},
        lambda: {"x": fields.List(ma.fields.Str())},
        lambda: {"x": fields.Dict(keys=ma.fields.Str(), values=fields.Int())},
        lambda: {"x": fields.Nested(ma.Schema.from_dict({}))},
        lambda: {"x": fields.Nested(ma.Schema.from_dict({})())},
        lambda: {"x": fields.List(fields.Nested(ma.Schema))},
        lambda: {"x": fields.Nested("LeafSchema")},
        lambda: {"x": fields.JsonString(ma.fields.Str())},
    ],
)
def test_fields_that_are_not_hardened_are_refused_when_the_class_is_made(make):
    with pytest.raises(TypeError):
        Schema.from_dict(make())


def test_a_nested_schema_found_late_is_checked_at_first_use():
    soft = ma.Schema.from_dict({})
    made = Schema.from_dict({"x": fields.Nested(lambda: soft)})
    with pytest.raises(TypeError):
        made().load({"x": {}})


def test_unknown_keys_cannot_be_let_through():
    with pytest.raises(TypeError):

        class Loose(Schema):
            class Meta:
                unknown = ma.EXCLUDE

    with pytest.raises(TypeError):
        LeafSchema(unknown=ma.INCLUDE)
    with pytest.raises(TypeError):
        LeafSchema().load({"name": "a", "b": 1}, unknown=ma.EXCLUDE)


class ThingSchema(Schema):
    id = fields.Id(dump_only=True)
    name = fields.Str(required=True)
    size = fields.Int(load_default=None)


class ThingPatch(PatchSchema):
    name = fields.Str(required=True)


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (ThingSchema, "Thing"),
        (ThingSchema(), "Thing"),
        (ThingSchema(many=True), "Thing"),
        (ThingSchema(partial=True), "ThingPartial"),
        (ThingSchema(partial=("name",)), "ThingPartialName"),
        (ThingSchema(only=("name", "id")), "ThingOnlyIdName"),
        (ThingSchema(exclude=("size",)), "ThingWithoutSize"),
        (ThingSchema(load_only=("size",)), "ThingLoadOnlySize"),
        (ThingPatch, "ThingPatch"),
        (ThingPatch(), "ThingPatch"),
    ],
)
def test_each_variant_has_its_name(schema, name):
    assert schema_name(schema) == name


def test_a_patch_may_leave_out_what_is_required_elsewhere():
    with pytest.raises(ma.ValidationError) as caught:
        ThingPatch().load({})
    assert caught.value.messages == {"_schema": ["Send at least one field to change."]}
    assert ThingPatch().load({"name": "a"}) == {"name": "a"}


# The OpenAPI document


def document(schema, **components):
    spec = APISpec("t", "1", "3.1.0", plugins=[HardenedMarshmallowPlugin()])
    spec.components.schema(schema_name(schema), schema=schema)
    return spec.to_dict()["components"]["schemas"]


def described(field):
    return document(Schema.from_dict({"x": field}, name="T"))["T"]["properties"]["x"]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (fields.Id(), {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}),
        (fields.Id(dump_only=True, description="d"), {"readOnly": True, "description": "d"}),
        (fields.Int(allow_none=True), {"type": ["integer", "null"]}),
        (fields.Int(dump_only=True), {"type": "integer", "minimum": None, "maximum": None}),
        (
            fields.Str(dump_only=True),
            {"type": "string", "minLength": None, "maxLength": None, "pattern": None},
        ),
        (fields.Float(min=0, max=5, dump_only=True), {"type": "number", "minimum": None}),
        (fields.Enum(Colour), {"$ref": "#/components/schemas/Colour", "type": None}),
        (
            fields.Enum(Colour, allow_none=True),
            {"anyOf": [{"$ref": "#/components/schemas/Colour"}, {"type": "null"}], "$ref": None},
        ),
        (fields.Money(), {"$ref": "#/components/schemas/Money", "type": None}),
        (fields.Id(description="Whose it is"), {"description": "Whose it is"}),
        (fields.Enum(Colour, load_default=Colour.RED), {"default": "red"}),
        (fields.Bool(load_default=False), {"type": "boolean", "default": False}),
        (
            fields.Str(max=5, min=2, pattern="[a-z]+"),
            {"maxLength": 5, "minLength": 2, "pattern": "^(?:[a-z]+)$"},
        ),
        (fields.Password(), {"writeOnly": True, "format": "password", "maxLength": 128}),
        (
            fields.List(fields.Id(), min=1, max=3, unique=True),
            {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": True},
        ),
        (fields.Upload(), {"type": "string", "format": "binary"}),
        (fields.DateTime(), {"type": "string", "format": "date-time"}),
        (
            fields.Dict(keys=fields.Str(), values=fields.Bool()),
            {"type": "object", "additionalProperties": {"type": "boolean"}},
        ),
        (
            fields.JsonString(fields.Nested(LeafSchema)),
            {"type": "string", "contentMediaType": "application/json"},
        ),
    ],
)
def test_the_document_says_what_the_field_takes(field, said):
    found = described(field)
    assert {key: found.get(key) for key in said} == said


def test_choices_and_money_are_described_once():
    class Painted(Schema):
        """Something with a colour."""

        colour = fields.Enum(Colour)
        other = fields.Enum(Colour, allow_none=True)
        light = fields.Enum(Colour, only=(Colour.RED,))
        price = fields.Money(description="For one")
        owner_id = fields.Id()

    found = document(Painted)
    assert found["Colour"]["enum"] == ["red", "blue"]
    assert found["ColourRed"]["enum"] == ["red"]
    assert found["Money"]["properties"]["currency"]["$ref"] == "#/components/schemas/Currency"
    assert "USD" in found["Currency"]["enum"]
    assert found["Painted"]["description"] == "Something with a colour."
    price = {"$ref": "#/components/schemas/Money", "description": "For one"}
    assert found["Painted"]["properties"]["price"] == price
    assert found["Painted"]["properties"]["owner_id"]["description"] == "The id of the owner"


def test_the_document_of_schemas():
    class Outer(Schema):
        thing = fields.Nested(ThingSchema, allow_none=True)
        things = fields.Nested(ThingSchema, many=True, max=7)

    found = document(Outer)
    assert found["Thing"]["additionalProperties"] is False
    assert found["Thing"]["required"] == ["name"]
    assert found["Outer"]["properties"]["thing"] == {
        "anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]
    }
    assert found["Outer"]["properties"]["things"]["maxItems"] == 7
    patch = document(ThingPatch())["ThingPatch"]
    assert patch["minProperties"] == 1
    assert "required" not in patch


def test_parameters_have_no_null():
    spec = APISpec("t", "1", "3.1.0", plugins=[plugin := HardenedMarshmallowPlugin()])
    query = Schema.from_dict(
        {"n": fields.Int(load_default=None), "s": fields.List(fields.Enum(Colour))}, name="Query"
    )
    assert spec is plugin.spec
    number, several = plugin.converter.schema2parameters(query, location="query")
    assert number == {
        "in": "query",
        "name": "n",
        "required": False,
        "schema": {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    }
    assert (several["style"], several["explode"]) == ("form", True)


SAMPLES = [
    (fields.Str(), ["a", " é ", "x" * 255], ["", "a\x00", "x" * 256, "a\nb", 1]),
    (fields.Text(), ["", "a\nb"], ["a\x00", "x" * 4001]),
    (fields.Username(), ["abc"], ["ab", "a b"]),
    (fields.Phone(), ["+442071838750"], ["442071838750", "+٤٤٢٠٧١٨٣٨٧٥٠"]),
    (fields.Time(), ["09:00"], ["24:00", "9:00"]),
    (fields.MinuteOfDay(until_midnight=True), ["24:00"], ["24:01"]),
    (fields.LatLng(), ["90,180", "-89.9,179.5", "90.0,0"], ["91,0", "0,181", "90.1,0", "0,180.5"]),
    (fields.Money(), [{"amount": 1, "currency": "USD"}], [{"amount": -1, "currency": "USD"}, {"amount": 1}]),
    (fields.Rating(), [1, 5], [0, 6, "1"]),
    (fields.Locale(), ["en", "pt-BR"], ["english"]),
]


@pytest.mark.parametrize(("field", "good", "bad"), SAMPLES, ids=lambda value: type(value).__name__)
def test_document_and_field_agree(field, good, bad):
    class Held(Schema):
        value = field

    schemas = document(Held)
    said = Draft202012Validator(schemas["Held"]["properties"]["value"] | {"components": {"schemas": schemas}})
    for value in good:
        assert said.is_valid(value)
        load(field, value)
    for value in bad:
        assert not said.is_valid(value)
        assert refused(field, value)


def test_a_parameter_may_have_all_digits_of_a_double() -> None:
    field = fields.Float(min=1, max=5)
    assert field.deserialize(Parameter("3.7425620900010474")) == 3.7425620900010474
    assert field.deserialize(Parameter("1.00000000000000000001")) == 1
