"""Who may what: each route of the URL map, asked by each caller, answers as the matrix says."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.extensions import db, limiter
from marketplace.kernel.clock import FrozenClock
from tests.conftest import START
from tests.rights.scenario import CALLERS, Made, Side, Stage, build_stage
from tests.rights.table import ROWS, Row, Word, words


def routes(app: Flask) -> dict[str, dict[str, str]]:
    """`GET /orders/{order_id}` of the URL map -> its endpoint by version, or under `root`."""
    found: dict[str, dict[str, str]] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        version = re.match(r"/api/(v\d+)(/.*)", path)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            route = f"{method} {version[2] if version else path}"
            found.setdefault(route, {})[version[1] if version else "root"] = rule.endpoint
    return found


@pytest.fixture(scope="module")
def stage(app: Flask, frozen_clock: FrozenClock) -> Iterator[Stage]:
    """The people of the matrix, for all tests of this module."""
    frozen_clock.set(START)
    limiter.enabled = False
    with app.app_context():
        engines = db._app_engines[app]
        engine = engines[None]
        connection = engine.connect()
        transaction = connection.begin()
        # Readiness checks run in threads, which must not share this one.
        connection.connect = engine.connect  # type: ignore[attr-defined]  # as the engine has it
        engines[None] = connection  # type: ignore[assignment]  # a connection serves as well
        try:
            yield build_stage(app, connection)
        finally:
            db.session.remove()
            engines[None] = engine
            transaction.rollback()
            connection.close()


def test_every_route_has_a_row(app: Flask) -> None:
    missing = sorted(set(routes(app)) - {row.route for row in ROWS})
    assert not missing, f"add a Row to tests/rights/table.py for: {', '.join(missing)}"


def test_every_row_has_a_route(app: Flask) -> None:
    gone = sorted({row.route for row in ROWS} - set(routes(app)))
    assert not gone, f"remove these rows of tests/rights/table.py, their routes are gone: {', '.join(gone)}"


def test_rows_of_one_route_are_told_apart() -> None:
    names = [str(row) for row in ROWS]
    assert len(names) == len(set(names))


def prefixes(app: Flask, row: Row) -> list[str]:
    """Where the row's route is mounted. Versions that share the view are asked once: it is the same code."""
    views = {
        version: app.view_functions[endpoint] for version, endpoint in routes(app).get(row.route, {}).items()
    }
    if "root" in views:
        return [""]
    known = sorted(views)
    return [
        f"/api/{version}"
        for number, version in enumerate(known)
        if views[version] not in [views[earlier] for earlier in known[:number]]
    ]


def ask(stage: Stage, row: Row, prefix: str, caller: str, made: Made) -> TestResponse:
    path = prefix + row.path.format(**made)
    body = row.body(made)
    options = {} if body is None else {"json": body}
    return stage.send(row.method, path, caller, query_string=row.parameters(made), **options)


def difference(response: TestResponse, word: Word) -> str | None:
    """How the answer is not as the matrix says, None when it is."""
    status = response.status_code
    body = response.get_data(as_text=True)[:300]
    if word.status is None:
        return None if 200 <= status < 300 else f"is to be allowed and is {status}: {body}"
    if status != word.status:
        return f"is to be {word.status} and is {status}: {body}"
    if word.code is not None and response.json["code"] != word.code:
        return f"is to be {word.code} and is {response.json['code']}"
    return None


def check_cell(stage: Stage, side: Side, row: Row, prefix: str, caller: str, word: Word) -> str | None:
    """Ask as `caller` for what belongs to `side`; what is wrong with the answer, or with what it left behind."""
    with stage.clean():
        made = row.needs(side, caller)
        db.session.remove()
        before = stage.snapshot()
        entries = stage.audit_entries(caller) if caller in row.witnesses else 0
        response = ask(stage, row, prefix, caller, made)
        wrong = difference(response, word)
        db.session.remove()
        if wrong is not None:
            return wrong
        if word.status is None:
            if caller in row.witnesses and stage.audit_entries(caller) == entries:
                return "is allowed, but not in the audit log"
            return None
        after = stage.snapshot()
        touched = [table for table in before if before[table] != after[table]]
        return f"is refused, and changed {', '.join(touched)}" if touched else None


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_callers_get_what_the_matrix_says(stage: Stage, row: Row) -> None:
    expected = words(row.rights)
    wrong = [
        f"{prefix}{row} as {caller} {problem}"
        for prefix in prefixes(stage.app, row)
        for caller in CALLERS
        if (problem := check_cell(stage, stage.ours, row, prefix, caller, expected[caller])) is not None
    ]
    assert not wrong, "\n".join(wrong)
