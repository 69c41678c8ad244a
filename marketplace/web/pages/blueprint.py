"""The routes of the pages, and of their Markdown twins."""

from collections.abc import Callable, Sequence
from functools import partial

from flask import Blueprint, Response, abort

from marketplace.config import Settings
from marketplace.web.access import public
from marketplace.web.blueprint import VERSIONS
from marketplace.web.pages import guides, home, mails, problem_pages
from marketplace.web.pages.changes import changes_page
from marketplace.web.pages.contributions import DemoLogins, TokenCall
from marketplace.web.pages.events import events_page
from marketplace.web.pages.operations import operations_page
from marketplace.web.pages.serving import FILES, FOLDER, Page, asset_address, page_view, respond, send_file_of
from marketplace.web.problem_kinds import kinds_by_code


def pages_blueprint(
    settings: Settings, logins: Sequence[DemoLogins] = (), calls: Sequence[TokenCall] = ()
) -> Blueprint:
    """Home, which shows the `logins` of the demo, indexes, guides, operations, events and problem codes, with
    their files; and mails that were sent, with the `calls` that take their tokens, but not in production.
    """
    blueprint = Blueprint("pages", __name__, template_folder="templates")

    @page_view
    def root() -> Response:
        # The log-ins come and go; in production there are none.
        return respond("home", partial(home.home_page, logins), keep=settings.is_production)

    blueprint.add_url_rule("/", view_func=root)
    blueprint.add_url_rule("/index.md", "root_markdown", root)
    _add(blueprint, "/api/docs/operations", "operations", operations_page)
    _add(blueprint, "/api/docs/events", "events", events_page)
    _add(blueprint, "/api/docs/changes", "changes", changes_page)
    _add(blueprint, "/api/docs/guides", "guides", guides.index_page)
    _add(blueprint, "/api/docs/errors", "errors", problem_pages.index_page, by_language=True)
    blueprint.add_url_rule("/api/docs/guides/<name>", view_func=guide)
    blueprint.add_url_rule("/api/docs/errors/<name>", view_func=problem)
    blueprint.add_url_rule("/api/docs/assets/<digest>/<name>", view_func=asset)
    for version in VERSIONS:
        _add_index(blueprint, version)
    if not settings.is_production:
        blueprint.add_url_rule(mails.PATH, view_func=mails.mails_view(calls))
    return blueprint


def _add(
    blueprint: Blueprint,
    path: str,
    name: str,
    make: Callable[[], Page],
    *,
    by_language: bool = False,
) -> None:
    @page_view
    def view() -> Response:
        return respond(name, make, by_language=by_language)

    blueprint.add_url_rule(path, name, view)
    blueprint.add_url_rule(f"{path}.md", f"{name}_markdown", view)


def _add_index(blueprint: Blueprint, version: str) -> None:
    @page_view
    def index() -> Response:
        answer = page() if home.wants_page() else home.index_json(version)
        answer.vary.add("Accept")
        return answer

    @page_view
    def page() -> Response:
        return respond(f"index {version}", partial(home.index_page, version))

    blueprint.add_url_rule(f"/api/{version}", f"index_{version}", index)
    blueprint.add_url_rule(f"/api/{version}.md", f"index_{version}_markdown", page)


@page_view
def guide(name: str) -> Response:
    """A guide, or its Markdown."""
    name = name.removesuffix(".md")
    text = guides.source(name)
    if text is None:
        abort(404)
    return respond(f"guide {name}", partial(Page, text))


@page_view
def problem(name: str) -> Response:
    """The page of a problem code, or its Markdown."""
    kind = kinds_by_code().get(name.removesuffix(".md"))
    if kind is None:
        abort(404)
    return respond(f"problem {kind.code}", partial(problem_pages.problem_page, kind), by_language=True)


@public
def asset(digest: str, name: str) -> Response:
    """A file of the pages, under the address that its content has."""
    if name not in FILES or asset_address(name).split("/")[-2] != digest:
        abort(404)
    return send_file_of(FOLDER, name)
