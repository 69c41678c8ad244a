"""The home page, and the index of each API version: JSON for programs, a page for browsers."""

from collections.abc import Sequence
from typing import Any

from flask import Response, json, request
from sqlalchemy.exc import SQLAlchemyError

from marketplace.kernel.errors import Unavailable
from marketplace.kernel.links import PROBLEM_PATH
from marketplace.kernel.release import PROGRAM_VERSION
from marketplace.web.pages.contributions import DemoLogin, DemoLogins
from marketplace.web.pages.documents import operations, tags
from marketplace.web.pages.markdown import cell, fence
from marketplace.web.pages.serving import FRESH_SECONDS, Page
from marketplace.web.runtime import runtime

_HOME = """\
# Marketplace

An open backend for service marketplaces: people offer services, others find, book, talk to and review them.
Programs call a REST API and connect by Socket.IO.
{demo}
## Begin here

- [First order in five minutes](/api/docs/guides/first-order), and the other [guides](/api/docs/guides)
- [Swagger UI](/api/docs): read and try every operation
- [Operations](/api/docs/operations): all of them on one page, for Ctrl-F
- [Events](/api/docs/events): what goes over sockets, with a console
- [Problem codes](/api/docs/errors): what each error means, and what to do
- [What changed](/api/docs/changes): between the versions, and between releases

## For programs

| Document | v1 | v2 |
| --- | --- | --- |
| Index | [/api/v1](/api/v1) | [/api/v2](/api/v2) |
| OpenAPI 3.1 | [openapi.json](/api/v1/openapi.json) | [openapi.json](/api/v2/openapi.json) |
| AsyncAPI 3.0 | [asyncapi.json](/api/v1/asyncapi.json) | [asyncapi.json](/api/v2/asyncapi.json) |

Each page has a twin in Markdown: add `.md` to its address (`/index.md` here).

## This server

Version {version}. [Health](/health) says whether the process lives, [readiness](/health/ready) whether it can
serve.{messages}
"""

_MESSAGES = " Mails and text messages of this development server are shown at [/dev/mails](/dev/mails)."
_NO_DEMO = """
## A market to try

This server has no demo. In the folder of the program, this loads 1,000 performers with services, orders and
reviews, and shows log-ins:
"""

_DEMO = """
## Log-ins of the demo

{table}
Log in with one of them, and send the `access_token` of the answer as `Authorization: Bearer ...`:
"""


_INDEX = """\
Send requests below `/api/{version}`. Programs that ask here for `application/json` get this index as JSON.

[OpenAPI document](/api/{version}/openapi.json), [AsyncAPI document](/api/{version}/asyncapi.json),
[Swagger UI](/api/docs?urls.primaryName={version}), [operations](/api/docs/operations),
[guides](/api/docs/guides), [problem codes](/api/docs/errors)."""


def home_page(given: Sequence[DemoLogins] = ()) -> Page:
    """The home page. It shows the log-ins of the demo that are `given`, never in production."""
    messages = "" if runtime().settings.is_production else _MESSAGES
    text = _HOME.format(version=PROGRAM_VERSION, demo=_demo(given), messages=messages)
    return Page(text, template="home.html")


def _demo(given: Sequence[DemoLogins]) -> str:
    if runtime().settings.is_production or not given:
        return ""
    try:
        found = [login for one in given for login in one.find()]
    except (SQLAlchemyError, Unavailable):
        return ""  # the database is away, and the page says what there is besides
    if not found:
        return _NO_DEMO + "\n" + fence("make demo", "sh")
    rows = ["| Role | Login | Password |", "| --- | --- | --- |"]
    rows += [f"| {cell(one.role)} | `{cell(one.login)}` | `{cell(one.password)}` |" for one in found]
    return _DEMO.format(table="\n".join(rows) + "\n") + "\n" + fence(_curl(found[0]), "sh")


def _curl(login: DemoLogin) -> str:
    body = json.dumps({"login": login.login, "password": login.password})
    address = f"{runtime().settings.local_url}/api/v1/user/login"
    return f"curl -s {address} \\\n  -H 'Content-Type: application/json' -d '{body}'"


def wants_page() -> bool:
    """Whether the caller prefers a page: a browser does, `*/*` does not."""
    best = request.accept_mimetypes.best_match(["application/json", "text/html"], "application/json")
    return best == "text/html"


def index_json(version: str) -> Response:
    """The index of a version for programs."""
    answer = Response(json.dumps(_index(version), sort_keys=False), content_type="application/json")
    answer.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    return answer


def index_page(version: str) -> Page:
    """The index of a version for people."""
    rows = [f"| [{path}]({path}) | {cell(summary)} |" for path, summary in _public_reads(version).items()]
    parts = [
        f"# API {version}",
        _INDEX.format(version=version),
        "## What everybody may read",
        "| Address | What it gives |\n| --- | --- |\n" + "\n".join(rows),
        "## Subjects",
        "\n".join(f"- **{tag}**{': ' + text if text else ''}" for tag, text in tags().items()),
    ]
    return Page("\n\n".join(parts) + "\n")


def _index(version: str) -> dict[str, Any]:
    return {
        "version": version,
        "program_version": PROGRAM_VERSION,
        "links": {
            "openapi": f"/api/{version}/openapi.json",
            "asyncapi": f"/api/{version}/asyncapi.json",
            "docs": "/api/docs",
            "operations": "/api/docs/operations.md",
            "events": "/api/docs/events.md",
            "guides": "/api/docs/guides.md",
            "problems": f"{PROBLEM_PATH.rstrip('/')}.md",
            "health": "/health/ready",
        },
        "public": _public_reads(version),
    }


def _public_reads(version: str) -> dict[str, str]:
    """What anybody may GET without parameters in the path: summaries by address."""
    return {
        f"/api/{version}{one.path}": one.summary
        for one in operations()
        if version in one.links and one.method == "get" and "{" not in one.path and not one.needs_token
    }
