"""The REST entry point of slots."""

from typing import Any

from marketplace.blueprints.performers import slot_schemas as schemas
from marketplace.blueprints.performers.blueprint import blp
from marketplace.blueprints.performers.slot_ports import SlotsView
from marketplace.blueprints.performers.wiring import performers
from marketplace.web.access import public
from marketplace.web.caching import public_for


@blp.get("/performers/<int:performer_id>/slots")
@public
@public_for(seconds=0)
@blp.arguments(schemas.SlotsQuery, location="query")
@blp.response(200, schemas.PerformerSlots)
def list_slots(query: dict[str, Any], performer_id: int) -> SlotsView:
    """When a service may start: its whole time is free, and lies between `from` and `to`"""
    return performers().slots.list_free(performer_id, query["service_id"], query["start"], query["end"])
