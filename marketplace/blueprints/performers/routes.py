"""The REST entry points of performers."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, request

from marketplace.blueprints.performers import schemas
from marketplace.blueprints.performers.applications import Application
from marketplace.blueprints.performers.blueprint import (
    CACHE_TOPIC,
    FACETS_SECONDS,
    LIST_SECONDS,
    PROFILE_CLIENT_SECONDS,
    PROFILE_SECONDS,
    blp,
)
from marketplace.blueprints.performers.ports import (
    Card,
    Facets,
    FullProfile,
    PublicProfile,
    Search,
    Suggestions,
)
from marketplace.blueprints.performers.wiring import performers
from marketplace.kernel.errors import Invalid
from marketplace.kernel.pages import Page
from marketplace.web.access import (
    current_principal,
    performer,
    public,
    shows_more,
    signed_in,
    verified,
    while_acting,
)
from marketplace.web.caching import cached, first_page_cached
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent, idempotent_after
from marketplace.web.language import preferred_language
from marketplace.web.limits import caller_key, limit
from marketplace.web.pagination import PageQuery, split_page

F = TypeVar("F", bound=Callable[..., Any])

NUMBERED_PAGES_RETIRED = {
    "Deprecation": "@1793491200",
    "Sunset": "Mon, 01 Nov 2027 00:00:00 GMT",
    "Link": '</api/v2/performers>; rel="successor-version"',
}
"""Pages by number: deprecated since 2026-11-01 (RFC 9745), gone a year later (RFC 8594)."""


def _retire_numbered_pages(view: F) -> F:
    """Tell those who page by number, and nobody else, that it ends."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        response: Response = view(*args, **kwargs)
        if "page" in request.args:
            response.headers.update(NUMBERED_PAGES_RETIRED)
        return response

    return cast("F", wrapper)


def _errors_in_form(view: F) -> F:
    """The service finds errors in the body, whatever its type: name the place as the parser does."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return view(*args, **kwargs)
        except Invalid as error:
            errors = error.data.get("errors", {})
            if request.mimetype == "multipart/form-data" and "json" in errors:
                error.data["errors"] = {"form": errors["json"]}
            raise

    return cast("F", wrapper)


def _prepared(data: dict[str, Any]) -> Application:
    avatar, certificates = data.pop("avatar", None), data.pop("certificates", [])
    return performers().applications.prepare(current_principal(), data, avatar, certificates)


def _discard(application: Application) -> None:
    performers().applications.discard(application)


@blp.post("/performers")
@verified
@limit("20/hour", key=caller_key)
@_errors_in_form
@blp.problem(409, "`already_performer`")
@blp.problem(
    422, "`validation_failed`, `not_a_picture`, `not_a_document`, `picture_too_large`, `pictures_too_large`"
)
@blp.problem(429, "`too_many_requests`, `pictures_at_once`; `pictures_spent` until tomorrow")
@blp.problem(507, "`storage_full`")
@blp.arguments(schemas.PerformerApplication, location="json_or_form")
@idempotent_after(_prepared, _discard)
@blp.response(201, schemas.OwnPerformer)
@tagged("performer")
def apply_as_performer(application: Application) -> FullProfile:
    """Become a performer; staff look at the profile and its certificates before they are shown

    All of it is stored or nothing.
    """
    return performers().applications.apply(current_principal(), application, preferred_language())


@blp.get("/performers", versions=("v1",))
@public
@shows_more
@_retire_numbered_pages
@first_page_cached(CACHE_TOPIC, seconds=LIST_SECONDS)
@blp.arguments(schemas.NumberedSearchQuery, location="query")
@blp.paged(schemas.PerformerCard, finished=True)
def list_performers(query: dict[str, Any]) -> Page[Card]:
    """Find performers; pages by number (`page`) are retired, use `next` with `after`"""
    page, filters = split_page(query)
    number = filters.pop("page", None)
    directory, language = performers().directory, preferred_language()
    if number is not None:
        return directory.search_numbered(Search(**filters), number, page.limit, language)
    return directory.search(Search(**filters), page, language)


@blp.get("/performers/suggest")
@public
@cached(CACHE_TOPIC, seconds=LIST_SECONDS, by_language=True)
@blp.arguments(schemas.SuggestQuery, location="query")
@blp.response(200, schemas.PerformerSuggestions)
def suggest(query: dict[str, Any]) -> Suggestions:
    """What somebody who types may mean: categories, performers, services"""
    return performers().directory.suggest(query["q"], query.get("city_id"), preferred_language())


@blp.get("/performers/facets")
@public
@cached("facets", seconds=FACETS_SECONDS, by_language=True)
@blp.arguments(schemas.SearchFilters, location="query")
@blp.response(200, schemas.PerformerFacets)
def count_facets(query: dict[str, Any]) -> Facets:
    """How many performers of a search each category and each city would give; up to a minute old"""
    return performers().directory.count_facets(Search(**query), preferred_language())


@blp.get("/performers/<int:performer_id>")
@public
@shows_more
@cached(CACHE_TOPIC, seconds=PROFILE_SECONDS, client_seconds=PROFILE_CLIENT_SECONDS, by_language=True)
@blp.response(200, schemas.PublicPerformer)
def get_performer(performer_id: int) -> PublicProfile:
    """The public profile of a performer"""
    return performers().directory.get(performer_id, preferred_language())


@blp.get("/performers/me")
@performer
@blp.response(200, schemas.OwnPerformer)
@tagged("performer")
def get_own_performer() -> FullProfile:
    """The own performer profile, with what waits for staff"""
    return performers().profiles.get(current_principal(), preferred_language())


@blp.patch("/performers/me")
@performer
@while_acting
@editable("performer")
@blp.arguments(schemas.PerformerPatch)
@blp.response(200, schemas.OwnPerformer)
@tagged("performer")
def update_own_performer(data: dict[str, Any]) -> FullProfile:
    """Edit the own performer profile

    Headline, text, address and categories become change requests that staff approve; the rest applies
    at once.
    """
    return performers().profiles.update(current_principal(), data, if_match(), preferred_language())


@blp.post("/performers/me/pause")
@performer
@while_acting
@idempotent
@blp.response(200, schemas.OwnPerformer)
@tagged("performer")
def pause_performer() -> FullProfile:
    """Leave the public list for a while"""
    return performers().profiles.pause(current_principal(), preferred_language())


@blp.post("/performers/me/resume")
@performer
@while_acting
@idempotent
@blp.response(200, schemas.OwnPerformer)
@tagged("performer")
def resume_performer() -> FullProfile:
    """Come back to the public list"""
    return performers().profiles.resume(current_principal(), preferred_language())


@blp.put("/performers/<int:performer_id>/favourite")
@signed_in
@blp.response(204)
def mark_performer(performer_id: int) -> None:
    """Mark a performer, to find them again; once more changes nothing"""
    performers().favourites.mark(current_principal(), performer_id)


@blp.delete("/performers/<int:performer_id>/favourite")
@signed_in
@blp.response(204)
def unmark_performer(performer_id: int) -> None:
    """Take the mark away; once more changes nothing"""
    performers().favourites.unmark(current_principal(), performer_id)


@blp.get("/user/me/favourites")
@signed_in
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.PerformerCard, finished=True)
def list_favourites(query: dict[str, Any]) -> Page[Card]:
    """Whom one has marked and the public may see, the last one first"""
    page, _ = split_page(query)
    return performers().favourites.list_own(current_principal(), page, preferred_language())
