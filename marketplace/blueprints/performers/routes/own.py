"""Routes of performers for their own profile."""

from typing import Any

from marketplace.blueprints.performers import schemas
from marketplace.blueprints.performers.contracts import FullProfile
from marketplace.blueprints.performers.routes.blueprint import blp
from marketplace.blueprints.performers.wiring import performers
from marketplace.web.access import (
    current_principal,
    performer,
    while_acting,
)
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.language import preferred_language


@blp.get("/performers/me")
@performer
@blp.response(200, schemas.OwnPerformer)
@tagged("performer")
def get_own_performer() -> FullProfile:
    """Get your performer profile

    You see the profile as it is, also before staff has approved it, with the edits that wait for staff in
    `pending_changes`.
    """
    return performers().profiles.get(current_principal(), preferred_language())


@blp.patch("/performers/me")
@performer
@while_acting
@editable("performer")
@blp.arguments(schemas.PerformerPatch)
@blp.response(200, schemas.OwnPerformer)
@tagged("performer")
def update_own_performer(data: dict[str, Any]) -> FullProfile:
    """Update your performer profile

    Headline, text, address and categories do not change at once: each becomes a change request that staff
    decides on, and the answer lists it in `pending_changes`. A newer edit of the same field replaces the
    one that waits. City, time zone, languages and experience change at once. An unknown city or category is
    `validation_failed`.
    """
    return performers().profiles.update(current_principal(), data, if_match(), preferred_language())


@blp.post("/performers/me/pause")
@performer
@while_acting
@idempotent
@blp.response(200, schemas.OwnPerformer)
@tagged("performer")
def pause_performer() -> FullProfile:
    """Pause your performer profile

    You leave the public lists, nobody can book you, and your orders go on. Doing it twice changes nothing;
    you come back by `POST /performers/me/resume`.
    """
    return performers().profiles.pause(current_principal(), preferred_language())


@blp.post("/performers/me/resume")
@performer
@while_acting
@idempotent
@blp.response(200, schemas.OwnPerformer)
@tagged("performer")
def resume_performer() -> FullProfile:
    """Resume your performer profile

    You come back to the public lists, if staff has approved you. Doing it twice changes nothing.
    """
    return performers().profiles.resume(current_principal(), preferred_language())
