"""Errors of disputes."""

from marketplace.kernel.errors import Conflict, Forbidden


class OnlyParties(Forbidden):
    """Staff, who is no party of the order, adds or deletes evidence."""

    code = "only_parties"
    title = "Only the parties of the order can do this"
    remedy = "Offer this to the order's customer and performer alone."


class DisputeNotOpen(Conflict):
    """The order has no dispute, or it has ended: its evidence stays as it is."""

    code = "dispute_not_open"
    title = "The order has no open dispute"
    remedy = "Read the order again; evidence is added and deleted while it is `disputed`."


class TooMuchEvidence(Conflict):
    """The party has shown as many files as one may for an order."""

    code = "too_much_evidence"
    title = "You have added as many files as one may: delete one first"
    remedy = "Delete a file of yours that says the least, then send the new one."
