"""Notes every English sentence of a problem that no catalog could translate, whichever test meets it."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from flask import Flask, Response

from marketplace.web.catalogs import LOCALES, read_catalog
from marketplace.web.problem_kinds import error_classes

_PLACEHOLDER = re.compile(r"\\\{\w+(?::,)?\\\}")


@cache
def _forms() -> tuple[frozenset[str], re.Pattern[str]]:
    """The sentences without values, and one expression for all that have some."""
    known = read_catalog(LOCALES / "es" / "LC_MESSAGES" / "messages.po")
    templates = [_PLACEHOLDER.sub("(?s:.*)", re.escape(one)) for one in known if "{" in one]
    return frozenset(known), re.compile("|".join(templates))


def untranslated(problem: dict[str, Any]) -> list[str]:
    """The sentences of a problem document that are in no catalog."""
    exact, templates = _forms()
    said = [problem["title"], problem["detail"], *_leaves(problem.get("errors"))]
    return [one for one in said if one and one not in exact and not templates.fullmatch(one)]


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _leaves(child)


def watched(app: Flask) -> set[str]:
    """What answers of `app` have said that nobody has translated; it watches from here on."""
    known: set[str] | None = app.extensions.get("test_untranslated")
    if known is not None:
        return known
    found: set[str] = set()
    ours = {kind.code for kind in error_classes()}

    def look(response: Response) -> Response:
        if response.mimetype == "application/problem+json" and "en" in response.content_language:
            problem = response.get_json()
            if problem["code"] in ours:
                found.update(untranslated(problem))
        return response

    # Not by after_request(), which refuses when an earlier fixture has called the app.
    app.after_request_funcs.setdefault(None, []).append(look)
    app.extensions["test_untranslated"] = found
    return found
