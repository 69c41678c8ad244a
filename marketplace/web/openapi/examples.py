"""Examples of requests and answers in the documents, from the file `data/examples.json` of each domain.

Times are counted from today: `{{+3d}}` is the date in three days, `{{+3dT10:00}}` that date at 10:00 UTC.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

_MARKER = re.compile(r"\{\{([+-]\d{1,5})d(T\d\d:\d\d)?\}\}")


@cache
def examples_of(module: str) -> Mapping[str, Any]:
    """The examples of the domain of `module` by operation, such as
    `{"create_order": {"request": {...}, "response": {...}}}`; empty for a domain without any.
    """
    package, routes, _ = module.partition(".routes")
    found = files(package).joinpath("data", "examples.json") if routes else None
    if found is None or not found.is_file():
        return {}
    loaded: dict[str, Any] = json.loads(found.read_text("utf-8"))
    return loaded


def show_examples(doc: dict[str, Any], found: Mapping[str, Any]) -> None:
    """Put the examples of an operation into its description: `request`, `response`, and values by parameter
    in `query` or `path`.
    """
    body = doc.get("requestBody", {}).get("content", {})
    if "request" in found:
        for media in body.values():
            media["example"] = found["request"]
    for status, answer in doc["responses"].items():
        if str(status).startswith("2") and "response" in found:
            for media in answer.get("content", {}).values():
                media["example"] = found["response"]
    for parameter in [one for one in doc["parameters"] if isinstance(one, dict)]:
        values = found.get(parameter.get("in", ""), {})
        if parameter.get("name") in values:
            parameter["example"] = values[parameter["name"]]


def dated(text: str, today: date) -> str:
    """`text` with each marker replaced by a date or time as seen from `today`."""

    def moment(match: re.Match[str]) -> str:
        day = (today + timedelta(days=int(match[1]))).isoformat()
        return day if match[2] is None else f"{day}{match[2]}:00Z"

    return _MARKER.sub(moment, text)
