"""The copy of a performer's cancellation policy that an order keeps."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from marketplace.blueprints.orders.policies.cancellation import FREE
from marketplace.blueprints.orders.ports import CancellationPolicy, CancellationTier
from marketplace.models.orders import CancellationPolicy as CancellationPolicyRow


def policy_now(performer_id: Any) -> Any:
    """What the performer wants of those who cancel, as it is in the moment of the booking."""
    chosen = (
        select(
            func.jsonb_build_object("name", CancellationPolicyRow.name, "tiers", CancellationPolicyRow.tiers)
        )
        .where(CancellationPolicyRow.performer_id == performer_id)
        .scalar_subquery()
    )
    return func.coalesce(chosen, literal(asdict(FREE), JSONB))


def policy_of(stored: Mapping[str, Any] | None) -> CancellationPolicy | None:
    """The policy that was copied onto an order."""
    if stored is None:
        return None
    return CancellationPolicy(stored["name"], tuple(CancellationTier(**tier) for tier in stored["tiers"]))
