"""SQL that gives JSON as text, byte for byte as orjson writes it, so that rows are not turned into objects
first.

`json_build_object` puts spaces between its parts, and `row_to_json` takes a tenth longer than `concat`. A
shape is a dict of key -> SQL that gives a piece of JSON; the functions here make such SQL.
"""

from collections.abc import Mapping
from typing import TypeAlias

Shape: TypeAlias = "Mapping[str, str | Shape]"


def json_object(shape: Shape, *, unless: str | None = None) -> str:
    """An object with the keys of `shape`; null where the condition `unless` holds."""
    pieces = []
    before = "{"
    for key, value in shape.items():
        piece = value if isinstance(value, str) else json_object(value)
        pieces.append(f"""'{before}"{key}":', {piece}""")
        before = ","
    made = f"concat({', '.join(pieces)}, '}}')"
    return made if unless is None else f"CASE WHEN {unless} THEN 'null' ELSE {made} END"


def json_list(shape: Shape, source: str, order: str) -> str:
    """A list of such objects, one for each row of `source` (FROM and WHERE)."""
    return f"""concat('[', (SELECT string_agg({json_object(shape)}, ',' ORDER BY {order}) {source}), ']')"""


def json_string(text: str) -> str:
    """Any text; null for NULL."""
    return f"coalesce(to_json({text})::text, 'null')"


def json_bool(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 'true' ELSE 'false' END"


def json_float(value: str, digits: int) -> str:
    """A `double precision` of at most seven digits before the point, with up to `digits` after it, rounded as
    Python's `round` does it: by the binary value, half to even. Null for NULL.
    """
    return f"coalesce(to_char({value}, 'FM9999990.0{'9' * (digits - 1)}'), 'null')"


def json_moment(time: str) -> str:
    """A `timestamptz` in UTC, with microseconds where it has some. Not for NULL."""
    form = 'YYYY-MM-DD"T"HH24:MI:SS'
    whole = f"date_trunc('second', {time}) = {time}"
    return (
        f"""concat('"', to_char({time} AT TIME ZONE 'UTC',"""
        f""" CASE WHEN {whole} THEN '{form}' ELSE '{form}.US' END), 'Z"')"""
    )
