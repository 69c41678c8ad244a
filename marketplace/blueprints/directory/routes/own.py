"""Routes for the caller's own favourites."""

from typing import Any

from marketplace.blueprints.directory.routes.blueprint import blp
from marketplace.blueprints.directory.schemas import answers
from marketplace.blueprints.directory.wiring import directory
from marketplace.kernel.json_text import JsonText
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, signed_in
from marketplace.web.language import preferred_language
from marketplace.web.pagination import PageQuery, split_page


@blp.put("/performers/<int:performer_id>/favourite")
@signed_in
@blp.response(204)
def mark_performer(performer_id: int) -> None:
    """Add a performer to your favourites

    You find the performer again in `GET /user/me/favourites`; nobody else learns of it. Doing it twice
    changes nothing. A performer whom the public does not see is `not_found`.
    """
    directory().favourites.mark(current_principal(), performer_id)


@blp.delete("/performers/<int:performer_id>/favourite")
@signed_in
@blp.response(204)
def unmark_performer(performer_id: int) -> None:
    """Remove a performer from your favourites

    Doing it twice changes nothing. A performer who is neither your favourite nor public is `not_found`.
    """
    directory().favourites.unmark(current_principal(), performer_id)


@blp.get("/user/me/favourites")
@signed_in
@blp.arguments(PageQuery, location="query")
@blp.paged(answers.PerformerCard, finished=True)
def list_favourites(query: dict[str, Any]) -> Page[JsonText]:
    """List your favourites

    The last one that you marked comes first. Performers whom the public does not see now are left out, and
    come back when they are public again.
    """
    page, _ = split_page(query)
    return directory().favourites.list_own(current_principal(), page, preferred_language())
