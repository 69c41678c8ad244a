"""The plugin's route."""

from marketplace.web import fields
from marketplace.web.access import current_principal, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.runtime import runtime
from marketplace.web.schema import Schema
from marketplace_loyalty.services import LoyaltyService

blp = VersionedBlueprint("loyalty", description="Loyalty points", url_prefix="/loyalty")


class Loyalty(Schema):
    """A user's points."""

    points = fields.Int(required=True)


@blp.get("")
@signed_in
@blp.response(200, Loyalty)
def get_loyalty() -> dict[str, int]:
    """Own loyalty points"""
    return runtime().get(LoyaltyService).own(current_principal())
