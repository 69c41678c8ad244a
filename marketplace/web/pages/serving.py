"""Sends pages and their files: strict policy, gzip, tags for caches; each made once and kept."""

import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from flask import Response, current_app, render_template, request

from marketplace.kernel.release import PROGRAM_VERSION
from marketplace.web.access import public
from marketplace.web.compressed import pack, send_packed
from marketplace.web.language import preferred_language
from marketplace.web.pages.markdown import split_heading, to_html
from marketplace.web.security import PAGE_POLICY

F = TypeVar("F", bound=Callable[..., Any])

FOLDER = Path(__file__).resolve().parent / "static"
FILES = frozenset(
    {
        "frame.css",
        "pages.css",
        "home.js",
        "events.js",
        "socket.io.min.js",
        "orders.svg",
        "swagger.js",
        "swagger.css",
    }
)
FRESH_SECONDS = 60
"""How long browsers show a page without asking again; a new release is seen after it."""
_YEAR = 31_536_000
_EXTENSION = "marketplace_pages"
_RIGHT_TO_LEFT = {"ar"}


@dataclass(frozen=True)
class Page:
    """A page: Markdown whose first line is the heading, in `language`; the rest is English.

    `template` extends `page.html` where there is more than text. `finish` has the last word about the HTML.
    """

    text: str
    language: str = "en"
    template: str = "page.html"
    finish: Callable[[str], str] = str


def page_view(view: F) -> F:
    """Mark the view of a page: for everybody, whatever stands in its query."""
    view.locations = ("query",)  # type: ignore[attr-defined]  # as the arguments of a route: its query is not refused
    return public(view)


def respond(key: str, make: Callable[[], Page], *, by_language: bool = False, keep: bool = True) -> Response:
    """The page as HTML, or as Markdown where the address ends in `.md`; made once, and kept by `key`.

    `key` names a page that exists, so the number of those kept is bounded. `keep=False` makes it each time.
    """
    as_markdown = request.path.endswith(".md")
    kept: dict[tuple[str, bool, str], bytes] = current_app.extensions.setdefault(_EXTENSION, {})
    place = (key, as_markdown, preferred_language() if by_language else "")
    packed = kept.get(place)
    if packed is None:
        page = make()
        packed = pack((page.text if as_markdown else to_page(page)).encode())
        if keep:
            kept[place] = packed
    response = send(packed, "text/markdown" if as_markdown else "text/html", seconds=FRESH_SECONDS)
    if by_language:
        response.vary.add("Accept-Language")
    return response


def to_page(page: Page) -> str:
    """The HTML of a page."""
    heading, body = split_heading(page.text)
    return render_template(
        page.template,
        heading=heading,
        body=page.finish(to_html(body)),
        language=page.language,
        direction="rtl" if page.language in _RIGHT_TO_LEFT else "ltr",
        asset=asset_address,
        twin=twin_of(request.path),
        here=request.path,
        version=PROGRAM_VERSION,
    )


def twin_of(path: str) -> str:
    """Where the Markdown of the page at `path` is."""
    return "/index.md" if path == "/" else f"{path.removesuffix('.md')}.md"


def send(packed: bytes, content_type: str, *, seconds: int) -> Response:
    """A page that `pack` made, under the policy of pages."""
    response = send_packed(packed, f"{content_type}; charset=utf-8", seconds=seconds)
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


def send_file_of(folder: Path, name: str) -> Response:
    """A file of the package, under an address that holds its version: it never changes there."""
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = send(_packed_file(folder / name), content_type, seconds=_YEAR)
    response.cache_control.immutable = True
    return response


@cache
def _packed_file(path: Path) -> bytes:
    return pack(path.read_bytes())


@cache
def asset_address(name: str) -> str:
    """The address of a file of the pages, which changes with its content."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"/api/docs/assets/{digest}/{name}"
