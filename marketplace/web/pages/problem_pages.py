"""/api/docs/errors: a page for each problem code, where the `type` of a problem leads."""

import re
from http import HTTPStatus

from flask import json

from marketplace.web.language import preferred_language, translated
from marketplace.web.pages.documents import operations
from marketplace.web.pages.markdown import cell, fence
from marketplace.web.pages.operations import table
from marketplace.web.pages.serving import Page
from marketplace.web.problem_kinds import ProblemKind, example_of, kinds_by_code

_MOST, _NEARLY_ALL = 0.5, 0.9
"""From these shares of all operations on, they are counted and not listed."""

WHO = {
    400: "A program whose request cannot be read. It is a mistake of the program, not of its user.",
    401: "A caller without an access token, or with one that no longer holds.",
    403: "A caller who is known, and whose rights do not reach this far.",
    404: "A caller who asks for what is not there, or is not theirs to know of: both answers are the same.",
    405: "A program that uses a method which the address does not have.",
    406: "A program whose `Accept` allows nothing that there is.",
    408: "A client whose request did not arrive in time.",
    409: "A caller whose request was understood, and does not fit the present state.",
    411: "A program that sends a body without saying how long it is.",
    412: "A caller who edits a version that somebody has changed meanwhile.",
    413: "A client that sends more than is taken.",
    414: "A program whose address is too long, mostly by its query.",
    415: "A program that sends a type of content which is not taken here.",
    416: "A program that asks for a part of a file which is not there.",
    422: "A caller whose request was read, and whose values are refused.",
    426: "A program that begins a WebSocket in a version which is not spoken.",
    428: "A program that edits without saying which version it has read.",
    429: "A caller who has used up a budget.",
    431: "A program that sends too many headers, or too long ones.",
    500: "Anybody: the mistake is ours, and it was reported.",
    503: "Anybody, while something that the server needs is busy or away.",
    507: "A caller who sends a file while there is no room for it.",
}

_INTRO = """\
# Problem codes

Every error is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)). Switch on
`code`, which is stable; show `title`, which is in the language of `Accept-Language`; log `request_id`. The
`type` of a problem leads to its page here.

| Code | Status | Meaning |
| --- | --- | --- |
"""


def index_page() -> Page:
    """All codes."""
    rows = [
        f"| [`{kind.code}`](/api/docs/errors/{kind.code}) | {kind.status} | {cell(translated(kind.title))} |"
        for kind in kinds_by_code().values()
    ]
    return Page(_INTRO + "\n".join(rows) + "\n", finish=_with_anchors)


def _with_anchors(html: str) -> str:
    """The index with `#code` on each row: earlier releases linked to these."""
    return re.sub(r'<tr>\s*<td>(<a href="/api/docs/errors/(\w+)">)', r'<tr id="\2">\n<td>\1', html)


def problem_page(kind: ProblemKind) -> Page:
    """The page of one code; its heading is the title in the caller's language."""
    title = translated(kind.title)
    parts = [
        f"# {title}",
        f"`{kind.code}`, status {kind.status} {_phrase(kind.status)}",
        "## When\n\n" + _reasons(kind.when),
        "## Who gets it\n\n" + WHO.get(kind.status, "Any caller."),
        "## What to do\n\n" + _reasons(kind.remedy),
        "## Example\n\n" + fence(json.dumps(example_of(kind), indent=2, ensure_ascii=False), "json"),
        "## Operations that give it\n\n" + _operations(kind.code),
        "All codes: [problem codes](/api/docs/errors).",
    ]
    language = preferred_language() if title != kind.title else "en"
    return Page("\n\n".join(parts) + "\n", language=language)


def _reasons(text: str) -> str:
    """One sentence, or a list where errors of several domains share a code."""
    reasons = [translated(reason) for reason in text.split(" Or: ")]
    return reasons[0] if len(reasons) == 1 else "\n".join(f"- {reason}" for reason in reasons)


def _operations(code: str) -> str:
    found = [one for one in operations() if code in one.codes]
    if not found:
        return (
            "Not of single operations: the server gives it before it knows which one is asked for, or on any."
        )
    share = len(found) / len(operations())
    if share > _MOST:
        many = "Nearly all" if share > _NEARLY_ALL else "More than half"
        return f"{many}: {len(found)} of the {len(operations())} [operations](/api/docs/operations)."
    return table(found)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
