"""The blueprint that the route modules of this domain fill, and how long their public answers hold."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import make_response, request

from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.caching import cached

F = TypeVar("F", bound=Callable[..., Any])

CACHE_TOPIC = "performers"
LIST_SECONDS = 30
PROFILE_SECONDS = 60

blp = VersionedBlueprint("performers", description="Professionals: search, profiles, decisions of staff")


def first_page_cached(view: F) -> F:
    """Keep the finished first pages of a list, which most callers read; deeper ones are made anew, so
    that a crawler does not push the others out.
    """
    kept = cached(CACHE_TOPIC, seconds=LIST_SECONDS, by_language=True)(view)

    @wraps(kept)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not {"after", "before"} & request.args.keys():
            return kept(*args, **kwargs)
        response = make_response(view(*args, **kwargs))
        response.headers["Cache-Control"] = f"public, max-age={LIST_SECONDS}"
        response.vary.add("Accept-Language")
        return response

    return cast("F", wrapper)
