"""Each request example of the documents is sent and accepted; each example of an answer is like a real one.

`RECORD_EXAMPLES=1 python -m pytest tests/contract/test_examples.py` records what is missing or has changed.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from flask import Flask

from marketplace.testing import START
from marketplace.web.openapi.examples import dated
from tests.contract.examples import Operation, Recorder, bound, differences, file_of, operations, store
from tests.rights.conftest import stage as stage
from tests.rights.scenario import CALLERS, Stage
from tests.rights.table import ROWS, Row

TODAY = START.date()


def _rows() -> dict[str, Row]:
    """By route the row that succeeds; the one without a case of its own first."""
    found: dict[str, Row] = {}
    for row in sorted(ROWS, key=lambda row: bool(row.case)):
        if "ok" in row.rights.split():
            found.setdefault(row.route, row)
    return found


def _example_of(operation: Mapping[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


def test_examples_are_accepted_and_answers_are_like_theirs(app: Flask, stage: Stage) -> None:
    record = "RECORD_EXAMPLES" in os.environ
    rows, wrong = _rows(), []
    for operation in operations(app):
        row = rows.get(operation.route)
        if row is None:
            wrong.append(f"{operation.route} has no row in the matrix")
            continue
        with stage.clean():
            wrong += _check(app, stage, row, operation, record=record)
    assert not wrong, "\n" + "\n".join(wrong)


def _check(app: Flask, stage: Stage, row: Row, operation: Operation, *, record: bool) -> list[str]:
    callers = dict(zip(CALLERS, row.rights.split(), strict=True))
    caller = next(
        name for name in ("customer", "performer", "moderator", "admin", "anonymous") if callers[name] == "ok"
    )
    side = stage.ours
    made = row.needs(side, caller)
    body = row.body(made)
    label = operation.label
    recorder = Recorder()
    found: dict[str, Any] = {}
    said = _example_of(operation.description)
    if body is not None:
        if said is None:
            if not record:
                return [f"{label} has no example of its request"]
            said = recorder.value(body)
        found["request"] = said
        sent = bound(body, made, json.loads(dated(json.dumps(said), TODAY)))
        options: dict[str, Any] = {"json": sent}
    elif row.form is not None:
        options = {"data": row.form(), "content_type": "multipart/form-data"}
    else:
        options = {}
    answer = stage.send(
        row.method,
        f"/api/{operation.version}{row.path.format(**made)}",
        caller,
        query_string=row.parameters(made),
        **options,
    )
    if not 200 <= answer.status_code < 300:
        return [
            f"{label} answers its example with {answer.status_code}: {answer.get_data(as_text=True)[:500]}"
        ]
    if answer.mimetype != "application/json" or not answer.get_data():
        if record and found:
            store(file_of(app, operation.endpoint), operation.name, found)
        return []
    shown = operation.description["responses"][str(answer.status_code)]["content"]["application/json"].get(
        "example"
    )
    wrong = ["there is no example of the answer"] if shown is None else differences(shown, answer.json)
    if record:
        found["response"] = recorder.value(answer.json) if wrong else shown
        store(file_of(app, operation.endpoint), operation.name, found)
        return []
    return [f"{label}: {one}" for one in wrong]
