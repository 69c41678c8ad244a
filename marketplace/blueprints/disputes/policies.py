"""The rules of disputes: what they are about, who ends them, and how much evidence a party may show."""

from enum import StrEnum

MAX_EVIDENCE = 10
"""The limit of files for each party of an order: one party cannot use up the other's."""
MAX_TEXT = 5_000
PARTIES = frozenset({"customer", "performer"})


class DisputeCategory(StrEnum):
    """What a dispute is about: the work is `not_as_agreed` or `not_done`, something was damaged (`damage`),
    the `payment`, somebody's `behaviour`, or something `other`.
    """

    NOT_AS_AGREED = "not_as_agreed"
    NOT_DONE = "not_done"
    DAMAGE = "damage"
    PAYMENT = "payment"
    BEHAVIOUR = "behaviour"
    OTHER = "other"


class DisputeStep(StrEnum):
    """A step of a disputed order: propose an end, agree to one, or decide (`resolve`), take the dispute back
    (`withdraw`), ask staff to decide at once (`escalate`).
    """

    RESOLVE = "resolve"
    WITHDRAW = "withdraw"
    ESCALATE = "escalate"


class DisputeEnd(StrEnum):
    """How a dispute ended: the order is `completed` or `cancelled`, or who opened it has `withdrawn` it."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


class DisputeEnder(StrEnum):
    """Who ended a dispute: the party that withdrew it or agreed to a proposal (`customer`, `performer`), or
    `staff`.
    """

    CUSTOMER = "customer"
    PERFORMER = "performer"
    STAFF = "staff"
