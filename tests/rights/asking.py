"""Asks what a row of the matrix says, and tells what is wrong with the answer."""

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from marketplace.extensions import db
from tests.rights.scenario import Made, Side, Stage
from tests.rights.secrets import leak
from tests.rights.table import Row, Word

NO_SUCH_ID = 2**62
CHANGES_NOTHING = {"user.act_as"}
"""Actions of which there is no before and after."""


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
    """The row's request about what was made."""
    path = prefix + row.path.format(**made)
    body = row.body(made)
    options: dict[str, Any] = {} if body is None else {"json": body}
    if row.form is not None:
        options = {"data": row.form(), "content_type": "multipart/form-data"}
    return stage.send(row.method, path, caller, query_string=row.parameters(made), **options)


def absent(made: Made) -> Made:
    """As `made`, with ids that nothing has."""
    return {key: NO_SUCH_ID if isinstance(value, int) else value for key, value in made.items()}


def difference(response: TestResponse, word: Word) -> str | None:
    """How the answer is not as the matrix says, None when it is."""
    status = response.status_code
    body = response.get_data(as_text=True)[:300]
    if word.status is None:
        return None if 200 <= status < 300 else f"is to be allowed and is {status}: {body}"
    if status != word.status:
        return f"is to be {word.status} and is {status}: {body}"
    code = (response.get_json() or {}).get("code")
    return None if word.code in (None, code) else f"is to be {word.code} and is {code}"


def told(response: TestResponse) -> tuple[int, Any, list[tuple[str, str]]]:
    """All that an answer tells, but for the id of its request."""
    body = response.get_json(silent=True)
    if isinstance(body, dict):
        body.pop("request_id", None)
    headers = [
        (name, value) for name, value in response.headers if name not in {"X-Request-ID", "Content-Length"}
    ]
    return response.status_code, body if body is not None else response.get_data(), sorted(headers)


def touched(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> str:
    """The tables that have changed."""
    return ", ".join(table for table in before if before[table] != after[table])


def check_cell(stage: Stage, side: Side, row: Row, prefix: str, caller: str, word: Word) -> str | None:
    """Ask as `caller` for what belongs to `side`; what is wrong with the answer, or with what it left behind."""
    with stage.clean():
        made = row.needs(side, caller)
        db.session.remove()
        before = stage.snapshot()
        entries = stage.audit_entries(caller) if caller in row.witnesses else 0
        response = ask(stage, row, prefix, caller, made)
        wrong = difference(response, word) or leak(response, row.method, row.path)
        db.session.remove()
        if wrong is not None:
            return wrong
        if word.status is None and caller in row.witnesses:
            if stage.audit_entries(caller) == entries:
                return "is allowed, but not in the audit log with the id of its request"
            by_staff = row.method != "GET" and row.path.startswith("/admin/")
            mute = stage.mute_entries(caller) - CHANGES_NOTHING if by_staff else set()
            return f"left {mute} in the audit log, without before and after" if mute else None
        if word.status is None and row.method != "GET":
            return None
        changed = touched(before, stage.snapshot())
        return f"is {'refused' if word.status else 'a read'}, and changed {changed}" if changed else None
