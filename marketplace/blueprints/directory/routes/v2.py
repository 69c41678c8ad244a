"""Routes that differ in version 2: the public list has only cursors."""

from typing import Any

from marketplace.blueprints.directory.policies import CACHE_TOPIC, LIST_SECONDS
from marketplace.blueprints.directory.ports import Search
from marketplace.blueprints.directory.routes.blueprint import blp
from marketplace.blueprints.directory.schemas import answers, queries
from marketplace.blueprints.directory.wiring import directory
from marketplace.kernel.json_text import JsonText
from marketplace.kernel.pages import Page
from marketplace.web.access import public, shows_more
from marketplace.web.caching.responses import first_page_cached
from marketplace.web.language import preferred_language
from marketplace.web.pagination import split_page


@blp.get("/performers", versions=("v2",))
@public
@shows_more
@first_page_cached(CACHE_TOPIC, seconds=LIST_SECONDS)
@blp.problems("search_too_broad")
@blp.arguments(queries.SearchQuery, location="query")
@blp.paged(answers.PerformerCard, finished=True)
def list_performers(query: dict[str, Any]) -> Page[JsonText]:
    """Search performers

    You get the performers whom staff has approved and who take orders, by place, category, words, price,
    rating and free time. `available_from` with `available_to` finds who has a slot between the two. Words
    that are typed almost right are found too.

    A search whose words match too much is `search_too_broad`: ask for longer words, or add a city or
    category. An answer is up to 30 seconds old.
    """
    page, filters = split_page(query)
    return directory().cards.list_cards(Search(**filters), page, preferred_language())
