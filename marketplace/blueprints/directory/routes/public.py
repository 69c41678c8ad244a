"""Public routes of the directory: lists of performers and services, suggestions, facets, profiles."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, request

from marketplace.blueprints.directory.policies import (
    CACHE_TOPIC,
    FACETS_SECONDS,
    LIST_SECONDS,
    PROFILE_CLIENT_SECONDS,
    PROFILE_SECONDS,
    offset_of,
)
from marketplace.blueprints.directory.ports import (
    Facets,
    FoundService,
    PublicProfile,
    Search,
    ServiceSearch,
    Suggestions,
)
from marketplace.blueprints.directory.routes.blueprint import blp
from marketplace.blueprints.directory.schemas import answers, queries
from marketplace.blueprints.directory.wiring import directory
from marketplace.kernel.json_text import JsonText
from marketplace.kernel.pages import Page
from marketplace.web.access import public, shows_more
from marketplace.web.caching.responses import cached, first_page_cached
from marketplace.web.language import preferred_language
from marketplace.web.pagination import split_page

F = TypeVar("F", bound=Callable[..., Any])

NUMBERED_PAGES_RETIRED = {
    "Deprecation": "@1793491200",
    "Sunset": "Mon, 01 Nov 2027 00:00:00 GMT",
    "Link": '</api/v2/performers>; rel="successor-version"',
}
"""Pages by number are deprecated since 2026-11-01 (RFC 9745) and end a year later (RFC 8594)."""


def _retire_numbered_pages(view: F) -> F:
    """Add the headers of retirement to answers of pages by number, and to no others."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        response: Response = view(*args, **kwargs)
        if "page" in request.args:
            response.headers.update(NUMBERED_PAGES_RETIRED)
        return response

    return cast("F", wrapper)


@blp.get("/performers", versions=("v1",))
@public
@shows_more
@_retire_numbered_pages
@first_page_cached(CACHE_TOPIC, seconds=LIST_SECONDS)
@blp.problems("search_too_broad")
@blp.headers("Deprecation", "Sunset")
@blp.arguments(queries.NumberedSearchQuery, location="query")
@blp.paged(answers.PerformerCard, finished=True)
def list_performers(query: dict[str, Any]) -> Page[JsonText]:
    """Search performers

    You get the performers whom staff has approved and who take orders, by place, category, words, price,
    rating and free time. `available_from` with `available_to` finds who has a slot between the two. Words
    that are typed almost right are found too.

    A search whose words match too much is `search_too_broad`: ask for longer words, or add a city or
    category. An answer is up to 30 seconds old. Pages by number (`page`) are retired: their answers carry
    `Deprecation` and `Sunset`; go on by `next` instead.
    """
    page, filters = split_page(query)
    number = filters.pop("page", None)
    search, language = Search(**filters), preferred_language()
    if number is not None:
        return directory().cards.list_numbered(search, offset_of(number, page.limit), page.limit, language)
    return directory().cards.list_cards(search, page, language)


@blp.get("/performers/suggest")
@public
@cached(CACHE_TOPIC, seconds=LIST_SECONDS, by_language=True)
@blp.problems("search_too_broad")
@blp.arguments(queries.SuggestQuery, location="query")
@blp.response(200, answers.PerformerSuggestions, finished=True)
def suggest(query: dict[str, Any]) -> Suggestions:
    """Suggest searches while somebody types

    You send what has been typed so far, and get up to 5 categories, performers and services that may be
    meant, the most likely first. Call it after a pause in typing; the answer may be cached for 30 seconds.
    """
    return directory().suggestions.suggest(query["q"], query.get("city_id"), preferred_language())


@blp.get("/performers/facets")
@public
@cached("facets", seconds=FACETS_SECONDS, by_language=True)
@blp.problems("search_too_broad")
@blp.arguments(queries.SearchFilters, location="query")
@blp.response(200, answers.PerformerFacets)
def count_facets(query: dict[str, Any]) -> Facets:
    """Count performers by category and city

    You send the filters of a search and get how many performers it would find with each other category and
    city: show these numbers beside the filters. They are up to a minute old. `search_too_broad` means that
    the words match too much to count in time.
    """
    return directory().suggestions.count_facets(Search(**query), preferred_language())


@blp.get("/performers/<int:performer_id>")
@public
@shows_more
@cached(CACHE_TOPIC, seconds=PROFILE_SECONDS, client_seconds=PROFILE_CLIENT_SECONDS, by_language=True)
@blp.response(200, answers.PublicPerformer)
def get_performer(performer_id: int) -> PublicProfile:
    """Get a performer's public profile

    You get all that the public may see: services, approved certificates, portfolio, rating, and how
    reliably the performer answers and finishes. A performer who is paused, not approved, or gone is
    `not_found`, for staff and for the performer too.
    """
    return directory().profiles.get(performer_id, preferred_language())


@blp.get("/services")
@public
@shows_more
@first_page_cached(CACHE_TOPIC, seconds=LIST_SECONDS)
@blp.problems("search_too_broad")
@blp.arguments(queries.ServiceQuery, location="query")
@blp.paged(answers.FoundService)
def list_services(query: dict[str, Any]) -> Page[FoundService]:
    """Search services

    You get the services that are offered now, each with its performer, by place, category, words, price,
    rating and free time. `available_from` with `available_to` finds services whose performer has a slot
    long enough between the two. A search whose words match too much is `search_too_broad`. An answer is up
    to 30 seconds old.
    """
    page, filters = split_page(query)
    return directory().services.list_services(ServiceSearch(**filters), page, preferred_language())
