"""Errors of orders."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid


class AlreadyRequested(Conflict):
    """The customer has a pending order with the same performer for the same time."""

    code = "already_requested"
    title = "You have asked this performer for that time already; wait for the answer, or cancel the order"
    remedy = "Show the user the pending order, and wait for the performer's answer or cancel it."


class TransitionNotAllowed(Conflict):
    """The order has a status from which this step does not lead, perhaps because the other party was
    faster.
    """

    code = "transition_not_allowed"
    title = "The order's status does not allow this step"
    remedy = "Read the order again, and offer the steps in its allowed_transitions."


class OrderOpen(Conflict):
    """The account or profile is to be deleted while orders of it are open."""

    code = "order_open"
    title = "An order is open; finish or cancel it first"
    remedy = "Finish or cancel the open orders, then repeat the request."


class WrongParty(Forbidden):
    """The step belongs to the other party of the order, or to an admin."""

    code = "wrong_party"
    title = "This step belongs to the other party or to an admin"
    remedy = "Offer the user only the steps in the order's allowed_transitions."


class OnlyPerformer(Invalid):
    """A customer says something that only the performer may say, such as `despite_conflicts`."""

    code = "only_performer"
    title = "Only the performer of the order can say this"
    remedy = "Leave the field out unless the user is the order's performer."


class PriceNeeded(Invalid):
    """The service is priced for each order, and the performer has not made a price for this one."""

    code = "price_needed"
    title = "This service has a price only when the performer has made one for you; ask in the chat"
    remedy = "Let the user open a chat with the performer and ask for a price."


class NothingToWaive(Conflict):
    """The order is not cancelled, it was cancelled without a fee or fault, or staff has waived it already."""

    code = "nothing_to_waive"
    title = "This order has no fee or fault that could be waived"
    remedy = "Read the order again: its cancellation tells what it cost, and whether that was waived."


class WrongArrivalCode(Invalid):
    """The performer gave a code of arrival that is not the order's."""

    code = "wrong_arrival_code"
    title = "This is not the order's code"
    remedy = "Ask the customer for the four digits, which only the customer sees in the order."


class TooManyArrivalTries(Conflict):
    """The code of arrival of this order was tried too often."""

    code = "too_many_arrival_tries"
    title = "The code was tried too often"
    remedy = "Send the request without a code: the arrival is noted as the performer's word, unproven."


CONSTRAINTS = {"uq_order_pending": AlreadyRequested}
