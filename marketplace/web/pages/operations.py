"""/api/docs/operations: every operation on one page, which Ctrl-F searches."""

from marketplace.web.pages.documents import Operation, operations, tags
from marketplace.web.pages.markdown import cell
from marketplace.web.pages.serving import Page

_INTRO = """\
# Operations

{count} operations. Paths stand below `/api/v1` and `/api/v2`; a version links to the operation in Swagger UI,
where it can be tried. All of them may answer with the common [problems](/api/docs/errors). Programs read
[v1](/api/v1/openapi.json) and [v2](/api/v2/openapi.json) (OpenAPI 3.1); what goes over sockets is on the page
[Events](/api/docs/events).
"""


def operations_page() -> Page:
    """The page."""
    by_tag: dict[str, list[Operation]] = {tag: [] for tag in tags()}
    for one in operations():
        by_tag[one.tag].append(one)
    parts = [_INTRO.format(count=len(operations()))]
    for tag, description in tags().items():
        if by_tag[tag]:
            parts.append(f"## {tag[:1].upper()}{tag[1:]}\n\n{description}\n")
            parts.append(table(by_tag[tag]))
    return Page("\n".join(parts))


def table(found: list[Operation]) -> str:
    """Operations as a table of Markdown."""
    rows = ["| Operation | What it does | Try it |", "| --- | --- | --- |"]
    for one in found:
        notes = " (deprecated)" if one.deprecated else ""
        links = " ".join(f"[{version}]({link})" for version, link in one.links.items())
        rows.append(f"| `{cell(one.label)}` | {cell(one.summary)}{notes} | {links} |")
    return "\n".join(rows) + "\n"
