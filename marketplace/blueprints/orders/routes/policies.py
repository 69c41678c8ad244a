"""Routes of the cancellation policies of performers."""

from typing import Any

from marketplace.blueprints.orders.ports import PerformerPolicy
from marketplace.blueprints.orders.schemas import cancellation as schemas
from marketplace.blueprints.orders.wiring import orders
from marketplace.web.access import current_principal, performer, public
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.caching.responses import public_for
from marketplace.web.etag import editable, if_match, tagged

blp = VersionedBlueprint(
    "cancellation_policies",
    description="What customers pay who cancel: each performer chooses a policy, and each order keeps the one"
    " of its day.",
    rank=65,
)


@blp.get("/performers/me/cancellation-policy")
@performer
@blp.response(200, schemas.CancellationPolicy)
@tagged("cancellation_policy")
def get_own_cancellation_policy() -> PerformerPolicy:
    """Get your cancellation policy

    Until you choose one it is `free`: cancelling costs your customers nothing.
    """
    return orders().policies.get(current_principal())


@blp.put("/performers/me/cancellation-policy")
@performer
@editable("cancellation_policy")
@blp.arguments(schemas.CancellationPolicyIn)
@blp.response(200, schemas.CancellationPolicy)
@tagged("cancellation_policy")
def replace_cancellation_policy(data: dict[str, Any]) -> PerformerPolicy:
    """Choose your cancellation policy

    You name one of the policies, or `custom` with up to ten tiers of your own: "from 24 hours before the
    start on it costs 50 percent". It holds for orders that are created from now on; orders that are there
    keep the policy of their day.

    - `free`: cancelling costs nothing
    - `flexible`: 50 percent from 24 hours before the start on, all of it from the start on
    - `moderate`: 50 percent from 5 days before the start on, all of it from the start on
    - `strict`: 50 percent from 14 days before the start on, all of it from 7 days before on
    """
    return orders().policies.replace(current_principal(), data["name"], data.get("tiers"), if_match())


@blp.get("/performers/<int:performer_id>/cancellation-policy")
@public
@public_for(seconds=60)
@blp.response(200, schemas.CancellationPolicy)
def get_cancellation_policy(performer_id: int) -> PerformerPolicy:
    """Get the cancellation policy of a performer

    Show it before the customer books: a new order copies it. A performer who is not public is `not_found`.
    """
    return orders().policies.get_public(performer_id)
