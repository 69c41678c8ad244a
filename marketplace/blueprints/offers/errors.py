"""Errors of offers."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid


class TooManyServices(Conflict):
    """The performer offers as many services as one may offer."""

    code = "too_many_services"
    title = "A performer cannot offer more services than this; delete one first"
    remedy = "Delete a service that is not offered any more, then create the new one."


class OwnService(Forbidden):
    """A member of staff hides or restores a service of the own performer profile."""

    code = "own_service"
    title = "Another member of staff decides on your own services"
    remedy = "Leave the decision to another member of staff."


class AlreadyHidden(Conflict):
    """The service is to be hidden, and staff has hidden it already."""

    code = "already_hidden"
    title = "The service is hidden already"
    remedy = "Nothing is left to do: read the service again."


class NotHidden(Conflict):
    """The service is to be shown again, and it is not hidden."""

    code = "not_hidden"
    title = "The service is not hidden"
    remedy = "Nothing is left to do: read the service again."


class InvalidService(Invalid):
    """The values of the service do not fit each other, such as a fixed pricing without a price, or refer
    to something that is not there.
    """

    code = "invalid_service"
    title = "The service cannot be offered like this"
    remedy = "Correct the fields that errors names."
