"""Errors of availability."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid


class TooManyExceptions(Conflict):
    """The performer has as many exceptions to the weekly schedule ahead as one may have."""

    code = "too_many_exceptions"
    title = "You have as many exceptions ahead as one may have: delete one first"
    remedy = "Delete an exception that is not needed, or change the weekly schedule itself."


class TooManyVacations(Conflict):
    """The performer has as many vacations ahead as one may have."""

    code = "too_many_vacations"
    title = "You have as many vacations ahead as one may have: delete one first"
    remedy = "Delete a vacation that is not needed, or pause the profile."


class VacationOverlaps(Conflict):
    """The new vacation shares days with one that the performer has entered already."""

    code = "vacation_overlaps"
    title = "You are on vacation on some of these days already"
    remedy = "Choose other days, or delete the other vacation first."


class SlotTaken(Conflict):
    """The performer has another order or appointment at that time, or another customer holds it, perhaps
    since a moment ago.
    """

    code = "slot_taken"
    title = "The performer is booked at that time; choose another"
    remedy = "Read GET /performers/{id}/slots again, and let the user choose another time."


class TooClose(Conflict):
    """The order would leave less time before or after another one than the buffers or the way take."""

    code = "too_close"
    title = "Too little time lies between this order and another one"
    remedy = "Ask the performer; send despite_conflicts to take the order all the same."


class TooManyHolds(Conflict):
    """The user holds as much time as one may, or has held this performer's time too often within an hour."""

    code = "too_many_holds"
    title = "You hold time of too many performers, or have held this performer's time too often"
    remedy = "Book the time that is held, delete a hold, or wait an hour."


class OwnService(Forbidden):
    """A performer books a service of the own profile."""

    code = "own_service"
    title = "You cannot book your own service"
    remedy = "Choose a service of another performer. To block time, enter an exception in the schedule."


class StartsInPast(Invalid):
    """The booking is to start at a time that is over."""

    code = "starts_in_past"
    title = "The start must lie in the future"
    remedy = "Let the user choose a later time; check the clock of the device and the offset of the time."


class TooFarAhead(Invalid):
    """The booking is to start later than can be booked."""

    code = "too_far_ahead"
    title = "The start lies too far ahead"
    remedy = "Let the user choose an earlier time; errors says how far ahead it may lie."


class OutsideSchedule(Invalid):
    """The performer does not work at that time, by weekly schedule, exceptions or vacations."""

    code = "outside_schedule"
    title = "The performer does not work at that time; choose a free slot"
    remedy = "Let the user choose one of the times of GET /performers/{id}/slots."


class TooShortNotice(Invalid):
    """The start lies closer than the notice that the performer wants."""

    code = "too_short_notice"
    title = "The performer wants to be booked earlier before the start; choose a later time"
    remedy = "Let the user choose one of the times of GET /performers/{id}/slots, which keep the notice."


CONSTRAINTS = {
    "ex_order_performer_time": SlotTaken,
    "ex_booked_time_span": SlotTaken,
    "ex_booked_time_padded": SlotTaken,
}
