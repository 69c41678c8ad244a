"""The plugin's routes."""

from typing import Any

from marketplace.web.access import current_principal, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.idempotency import idempotent
from marketplace.web.runtime import runtime
from marketplace_loyalty.services import LoyaltyService

blp = VersionedBlueprint("loyalty", description="Points for loyal users.", url_prefix="/loyalty", rank=200)


class Loyalty(Schema):
    """A user's points."""

    points = fields.Int(required=True, description="How many points the user has", example=100)


class Spending(Schema):
    """Points to be spent."""

    points = fields.Int(required=True, min=1, description="How many points to spend", example=30)


@blp.get("")
@signed_in
@blp.response(200, Loyalty)
def get_loyalty() -> dict[str, int]:
    """Get your loyalty points

    Whoever signs up is given 100, a moment later. Without an account of points there are none: 0.
    """
    return runtime().get(LoyaltyService).own(current_principal())


@blp.post("/spend")
@signed_in
@idempotent
@blp.problems("loyalty_points_missing")
@blp.arguments(Spending)
@blp.response(200, Loyalty)
def spend_loyalty(data: dict[str, Any]) -> dict[str, int]:
    """Spend loyalty points

    The answer shows what is left. Nobody spends more points than there are.
    """
    return runtime().get(LoyaltyService).spend(current_principal(), data["points"])
