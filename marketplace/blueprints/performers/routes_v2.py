"""What version 2 does differently: the public list knows cursors only."""

from typing import Any

from marketplace.blueprints.performers import schemas
from marketplace.blueprints.performers.blueprint import CACHE_TOPIC, LIST_SECONDS, blp
from marketplace.blueprints.performers.ports import Card, Search
from marketplace.blueprints.performers.wiring import performers
from marketplace.kernel.pages import Page
from marketplace.web.access import public, shows_more
from marketplace.web.caching import first_page_cached
from marketplace.web.language import preferred_language
from marketplace.web.pagination import split_page


@blp.get("/performers", versions=("v2",))
@public
@shows_more
@first_page_cached(CACHE_TOPIC, seconds=LIST_SECONDS)
@blp.arguments(schemas.SearchQuery, location="query")
@blp.paged(schemas.PerformerCard, finished=True)
def list_performers(query: dict[str, Any]) -> Page[Card]:
    """Find performers"""
    page, filters = split_page(query)
    return performers().directory.search(Search(**filters), page, preferred_language())
