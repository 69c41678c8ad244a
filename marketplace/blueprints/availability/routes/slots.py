"""The routes of slots and holds."""

from typing import Any

from marketplace.blueprints.availability.contracts import Place
from marketplace.blueprints.availability.ports.slots import HoldView, SlotsView
from marketplace.blueprints.availability.routes.blueprint import blp
from marketplace.blueprints.availability.schemas import slots as schemas
from marketplace.blueprints.availability.wiring import availability
from marketplace.web.access import current_principal, public, verified
from marketplace.web.caching.responses import public_for
from marketplace.web.idempotency import idempotent


@blp.get("/performers/<int:performer_id>/slots")
@public
@public_for(seconds=0)
@blp.arguments(schemas.SlotsQuery, location="query")
@blp.response(200, schemas.PerformerSlots)
def list_slots(query: dict[str, Any], performer_id: int) -> SlotsView:
    """List free slots of a performer

    You get each start at which the service can be booked between `from` and `to`: inside the working hours,
    far enough ahead for the performer's notice, clear of confirmed orders with the buffers and the way
    between the places, of slots that others hold, and of the performer's other calendars. A slot is not kept
    for you until you hold it (`POST /performers/{performer_id}/holds`): `POST /orders` can still answer
    `slot_taken`. A service that the performer does not offer, and a performer who is not public, are
    `not_found`.

    A performer who has never set working hours has those of the marketplace.
    """
    place = Place(*query["near"]) if "near" in query else None
    return availability().slots.list_free(
        performer_id, query["service_id"], query["start"], query["end"], place
    )


@blp.post("/performers/<int:performer_id>/holds")
@verified
@idempotent
@blp.problems(
    "not_found", "own_service", "starts_in_past", "too_far_ahead", "too_short_notice", "outside_schedule",
    "slot_taken", "too_many_holds",
)  # fmt: skip
@blp.arguments(schemas.HoldIn)
@blp.response(201, schemas.Hold)
def place_hold(data: dict[str, Any], performer_id: int) -> HoldView:
    """Hold a slot

    The slot is kept for you for five minutes, while you fill in the order: nobody else can book or hold it,
    and `GET /performers/{performer_id}/slots` does not show it. Your order with this performer uses the hold
    up. You have one hold with a performer: another slot replaces it, and the same slot gives the hold that
    you have, with the end that it has. `too_many_holds` comes when you hold time of five performers already,
    or have held this performer's time four times within an hour.
    """
    return availability().holds.place(current_principal(), performer_id, data)


@blp.delete("/holds/<int:hold_id>")
@verified
@blp.response(204)
def end_hold(hold_id: int) -> None:
    """Give up a hold

    Others can book the slot again. A hold that has ended, and one of somebody else, is `not_found`.
    """
    availability().holds.end(current_principal(), hold_id)
