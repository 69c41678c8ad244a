"""/api/docs/guides: Markdown files of the package, whose blocks of code the tests run."""

import re
from functools import cache
from pathlib import Path

from marketplace.web.pages.markdown import split_heading
from marketplace.web.pages.serving import Page, asset_address

FOLDER = Path(__file__).resolve().parent / "guides"
ORDER = (
    "first-order",
    "sign-in",
    "pages",
    "idempotency",
    "edits",
    "files",
    "chat",
    "versions",
    "conventions",
    "orders",
    "disputes",
    "schedules",
    "reviews",
    "catalog",
    "staff",
)
"""The guides as a newcomer reads them."""

_PICTURE = re.compile(r"\]\(\.\./static/([\w.-]+)\)")
_REMARK = re.compile(r"<!--.*?-->\n*", re.DOTALL)
_INTRO = """\
# Guides

The blocks of code in them are run by the tests of the program. Paste them in order, against a server of
your own that `make run` has started. It takes 5 log-ins a minute from one address: at 429 wait a minute.

"""


def source(name: str) -> str | None:
    """The Markdown of a guide, None where there is none of this name."""
    # Only names of guides are kept, not those that callers make up.
    return text_of(name) if name in ORDER else None


@cache
def text_of(name: str) -> str:
    """The Markdown of a guide that there is, read once. Pictures get the addresses where they are."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    return _PICTURE.sub(lambda found: f"]({asset_address(found[1])})", _REMARK.sub("", text))


def index_page() -> Page:
    """All guides, each with its first sentence."""
    lines = []
    for name in ORDER:
        heading, body = split_heading(source(name) or "")
        first = " ".join(body.split("\n\n", 1)[0].split())
        lines.append(f"- [{heading}](/api/docs/guides/{name}): {first}")
    return Page(_INTRO + "\n".join(lines) + "\n")
