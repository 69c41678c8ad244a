"""What can go wrong with orders."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid


class SlotTaken(Conflict):
    code = "slot_taken"
    title = "The performer is booked at that time; choose another"


class AlreadyRequested(Conflict):
    code = "already_requested"
    title = "You have asked this performer for that time already; wait for the answer, or cancel the order"


class TransitionNotAllowed(Conflict):
    code = "transition_not_allowed"
    title = "The order's status does not allow this step"


class OrderOpen(Conflict):
    code = "order_open"
    title = "An order is open; finish or cancel it first"


class WrongParty(Forbidden):
    code = "wrong_party"
    title = "This step belongs to the other party or to an admin"


class OwnService(Forbidden):
    code = "own_service"
    title = "You cannot book your own service"


class StartsInPast(Invalid):
    code = "starts_in_past"
    title = "The start must lie in the future"


class TooFarAhead(Invalid):
    code = "too_far_ahead"
    title = "The start lies too far ahead"


class OutsideSchedule(Invalid):
    code = "outside_schedule"
    title = "The performer does not work at that time; choose a free slot"


class TooShortNotice(Invalid):
    code = "too_short_notice"
    title = "The performer wants to be booked earlier before the start; choose a later time"


class PriceNeeded(Invalid):
    code = "price_needed"
    title = "This service has a price only when the performer has made one for you; ask in the chat"


CONSTRAINTS = {"ex_order_performer_time": SlotTaken, "uq_order_pending": AlreadyRequested}
