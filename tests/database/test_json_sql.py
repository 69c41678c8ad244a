"""JSON that the database writes is orjson's, byte for byte."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from marketplace.database.json_sql import (
    json_bool,
    json_float,
    json_list,
    json_moment,
    json_object,
    json_string,
)
from marketplace.extensions import db
from marketplace.kernel.ratings import shown_average

pytestmark = pytest.mark.usefixtures("context")


def ask(sql: str, **values: Any) -> list[Any]:
    return list(db.session.execute(text(sql), values).scalars())


def by_orjson(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def test_every_character() -> None:
    surrogates = range(0xD800, 0xE000)
    points = [*(point for point in range(1, 0x10000) if point not in surrogates), 0x1F600, 0x10FFFF]
    given = "".join(map(chr, points))
    assert ask(f"SELECT {json_string('CAST(:given AS text)')}", given=given) == [by_orjson(given)]
    assert ask(f"SELECT {json_string('NULL::text')}") == ["null"]


def test_ratings_are_rounded_as_the_policy_does_it() -> None:
    pairs = [(count, total) for count in range(3, 161) for total in range(count, 5 * count + 1)]
    sql = f"""
        SELECT {json_float("total::float8 / count", 2)}
        FROM unnest(CAST(:counts AS bigint[]), CAST(:totals AS bigint[])) WITH ORDINALITY AS t(count, total, n)
        ORDER BY n"""
    told = ask(sql, counts=[count for count, _ in pairs], totals=[total for _, total in pairs])
    assert told == [by_orjson(shown_average(*pair)) for pair in pairs]


def test_distances_are_rounded_as_python_does_it() -> None:
    # All ties and what is next to them, near by; half the way around the earth.
    metres = [*range(30_000), *range(20_000_000, 20_015_115, 7)]
    sql = f"""
        SELECT {json_float("m / 1000::float8", 1)}
        FROM unnest(CAST(:metres AS bigint[])) WITH ORDINALITY AS t(m, n) ORDER BY n"""
    assert ask(sql, metres=metres) == [by_orjson(round(m / 1_000, 1)) for m in metres]
    assert ask(f"SELECT {json_float('NULL::float8', 1)}") == ["null"]


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Asia/Kathmandu"])
def test_moments(zone: str) -> None:
    chance = random.Random(5)
    times = [
        datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=step) for step in (0, 1, 100_000, 10**6)
    ]
    times += [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)]
    times += [times[0] + timedelta(microseconds=chance.randrange(10**15)) for _ in range(500)]
    db.session.execute(text("SELECT set_config('TimeZone', :zone, true)"), {"zone": zone})
    sql = f"""
        SELECT {json_moment("moment")}
        FROM unnest(CAST(:times AS timestamptz[])) WITH ORDINALITY AS t(moment, n) ORDER BY n"""
    assert ask(sql, times=times) == [by_orjson(moment) for moment in times]


def test_shapes() -> None:
    inner = json_object({"a": "1", "b": json_bool("false")}, unless="n = 1")
    rows = json_list({"n": "n", "in": inner}, "FROM generate_series(1, 2) AS n", "n DESC")
    none = json_list({"n": "n"}, "FROM generate_series(1, 0) AS n", "n")
    shape = json_object({"rows": rows, "none": none, "deep": {"deeper": {"x": json_bool("true")}}})
    wanted = {
        "rows": [{"n": 2, "in": {"a": 1, "b": False}}, {"n": 1, "in": None}],
        "none": [],
        "deep": {"deeper": {"x": True}},
    }
    assert ask(f"SELECT {shape}") == [by_orjson(wanted)]
