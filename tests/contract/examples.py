"""Records the examples of the documents from real answers, and compares later answers with them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask

from marketplace.config import PROJECT_ROOT
from marketplace.testing import START
from tests.rights.asking import routes

NAMES = {
    r"\bFirst(\d+)\b": ["Nora", "Pavel", "Amira", "Jonas", "Mei"],
    r"\bLast(\d+)\b": ["Lee", "Novak", "Haddad", "Weber", "Chen"],
    r"\buser(\d+)\b": ["nora", "pavel", "amira", "jonas", "mei"],
    r"\bCity (\d+)\b": ["Berlin", "Hamburg", "Munich", "Cologne"],
    r"\bCategory (\d+)\b": ["Electricians", "Plumbers", "Tutors", "Nurses"],
    r"\bcategory-(\d+)\b": ["electricians", "plumbers", "tutors", "nurses"],
    r"only staff (r)eads why": ["Several reports"],
}
"""What stands for the numbered names of the factory."""
LONGEST_LIST = 2
RECORDED_DAYS = 1000
"""Times further away from the recording's today are no times of what happened, and stay as they are."""
SECRETS = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "refresh_token": "cmVmcmVzaC10b2tlbi1vZi1hbi1leGFtcGxl",
    "reset_token": "cmVzZXQtdG9rZW4tb2YtYW4tZXhhbXBsZQ",
    "token": "dG9rZW4tb2YtYW4tZXhhbXBsZQ",
    "secret": "JBSWY3DPEHPK3PXP",
    "uri": "otpauth://totp/Marketplace:nora?secret=JBSWY3DPEHPK3PXP&issuer=Marketplace",
    "client_id": "0f6e5a1c-7d0e-4d8e-9a3b-2f1c5f0b7a11",
    "recovery_code": "k7xw-3fqd-m2pa-9tzc",
    "code": "492817",
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Operation:
    """An operation of one version's document."""

    version: str
    endpoint: str
    method: str
    path: str
    """Below the version."""
    description: dict[str, Any]
    parameters: list[dict[str, Any]]

    @property
    def route(self) -> str:
        """As the matrix of rights names it."""
        return f"{self.method} {self.path}"

    @property
    def label(self) -> str:
        """For messages."""
        return f"{self.version} {self.route}"

    @property
    def name(self) -> str:
        """The operationId."""
        return str(self.description["operationId"])


def operations(app: Flask) -> Iterator[Operation]:
    """The operations of all versions; those that versions share, once."""
    seen = set()
    for version in ("v1", "v2"):
        document = app.extensions["flask-smorest"]["apis"][f"{version.upper()}_"]["ext_obj"].document
        for path, item in document["paths"].items():
            for method, description in item.items():
                if method not in {"get", "post", "put", "patch", "delete"}:
                    continue
                below = path.removeprefix(f"/api/{version}")
                endpoint = routes(app)[f"{method.upper()} {below}"][version]
                if app.view_functions[endpoint] not in seen:
                    seen.add(app.view_functions[endpoint])
                    parameters = item.get("parameters", []) + description.get("parameters", [])
                    named = [one for one in parameters if "name" in one]
                    yield Operation(version, endpoint, method.upper(), below, description, named)


def file_of(app: Flask, endpoint: str) -> Path:
    """Where the examples of an operation stand: in its domain."""
    package = app.view_functions[endpoint].__module__.partition(".routes")[0]
    return PROJECT_ROOT.joinpath(*package.split("."), "data", "examples.json")


def store(path: Path, operation: str, found: Mapping[str, Any]) -> None:
    """Write the examples of an operation among the others of its domain, sorted by name."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    known[operation] = found
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(dict(sorted(known.items())), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")


def bound(body: Any, made: Mapping[str, Any], said: Any) -> Any:
    """The example `said` with what depends on rows of the test, as `body` has it: ids, tokens, codes."""
    if isinstance(body, dict) and isinstance(said, dict):
        return {key: bound(body.get(key), made, value) for key, value in said.items()}
    if (
        isinstance(body, list)
        and body
        and isinstance(said, list)
        and all(one in made.values() for one in body)
    ):
        return body
    # True equals 1, and is no id.
    if body is not None and not isinstance(body, bool) and body in made.values():
        return body
    return said


class Recorder:
    """Makes of a real request or answer one that reads well, and stays the same at the next recording."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Any]] = {}

    def value(self, value: Any, key: str = "", parent: str = "") -> Any:
        """`value`, found below `key` of `parent`: ids and names in their order, times as markers, secrets
        replaced, long lists cut.
        """
        if isinstance(value, dict):
            return {name: self.value(one, name, key) for name, one in value.items()}
        if isinstance(value, list):
            singular = "" if key == "items" else key.removesuffix("s")
            return [self.value(one, singular, parent) for one in value[:LONGEST_LIST]]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int) and (key == "id" or key.endswith("_id")):
            return 1 + self._order(parent if key == "id" else key.removesuffix("_id"), value)
        return self._text(value, key) if isinstance(value, str) else value

    def _order(self, kind: str, value: Any) -> int:
        known = self._seen.setdefault(kind, [])
        if value not in known:
            known.append(value)
        return known.index(value)

    def _text(self, value: str, key: str) -> str:
        if key in SECRETS and not re.fullmatch("[a-z_]+", value):
            return SECRETS[key]
        if _TIME.fullmatch(value) and (marker := _marker(datetime.fromisoformat(value))):
            return marker
        if _DATE.fullmatch(value) and (marker := _marker(date.fromisoformat(value))):
            return marker
        parts = urlsplit(value)
        query = parse_qs(parts.query)
        if value.startswith("/") and "token" in query:
            return parts._replace(query=urlencode({**query, "token": SECRETS["token"]}, doseq=True)).geturl()
        for pattern, names in NAMES.items():
            while match := re.search(pattern, value):
                name = names[self._order(pattern, match[1]) % len(names)]
                value = value[: match.start()] + name + value[match.end() :]
        return value


def _marker(moment: date) -> str | None:
    day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
    # Some times are the database's, whose clock no test sets.
    by_clock, by_database = ((day - today).days for today in (START.date(), datetime.now(UTC).date()))
    days = min(by_clock, by_database, key=abs)
    if abs(days) > RECORDED_DAYS:
        return None
    if not isinstance(moment, datetime):
        return f"{{{{{days:+d}d}}}}"
    return f"{{{{{days:+d}d{moment if days == by_clock else START:T%H:%M}}}}}"


def shape(value: Any) -> Any:
    """The form of an answer: its keys and JSON types; a list is as its first item."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "null" if value is None else type(value).__name__


def differences(example: Any, answer: Any, path: str = "$") -> list[str]:
    """Where an example has another form than a real answer: keys that are not there, keys that are missing,
    another type. Null and an empty list may stand for anything.
    """
    if isinstance(example, dict) and isinstance(answer, dict):
        found = [f"{path}.{key} is only in the example" for key in example.keys() - answer.keys()]
        found += [f"{path}.{key} is missing in the example" for key in answer.keys() - example.keys()]
        for key in example.keys() & answer.keys():
            found += differences(example[key], answer[key], f"{path}.{key}")
        return sorted(found)
    if isinstance(example, list) and isinstance(answer, list):
        return differences(example[0], answer[0], f"{path}[]") if example and answer else []
    if example is None or answer is None or {type(example), type(answer)} <= {int, float}:
        return []
    return [] if type(example) is type(answer) else [f"{path} is no {type(answer).__name__}"]
