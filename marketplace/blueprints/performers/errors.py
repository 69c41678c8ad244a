"""What can go wrong with performers, by stable code."""

from marketplace.kernel.errors import Conflict, Forbidden, Invalid


class AlreadyPerformer(Conflict):
    code = "already_performer"
    title = "You have a performer profile already"


class CategoryGone(Conflict):
    code = "category_gone"
    title = "A category of this request is no longer offered"


class StatusNotAllowed(Conflict):
    code = "transition_not_allowed"
    title = "The performer's status does not allow this step"


class OwnPerformer(Forbidden):
    code = "own_performer"
    title = "Staff do not decide on their own profile"


class OwnCertificate(Forbidden):
    code = "own_certificate"
    title = "Staff do not decide on their own certificates"


class PicturesTooLarge(Invalid):
    code = "pictures_too_large"
    title = "The pictures of one request may have at most 75 million pixels together"


class TooManyCertificates(Conflict):
    code = "too_many_certificates"
    title = "You have as many certificates as one may have: delete one first"


class CertificateDecided(Conflict):
    code = "certificate_decided"
    title = "The certificate's status does not allow this step"


class CertificateExpired(Conflict):
    code = "certificate_expired"
    title = "The last day of this certificate is over; it can only be rejected"


class CertificateNeeded(Conflict):
    code = "certificate_needed"
    title = "The performer has no approved certificate that is still good"


class PortfolioFull(Conflict):
    code = "portfolio_full"
    title = "Your portfolio holds as many pictures as it can; delete one first"


class TooManyExceptions(Conflict):
    code = "too_many_exceptions"
    title = "You have as many exceptions ahead as one may have: delete one first"


class TooManyVacations(Conflict):
    code = "too_many_vacations"
    title = "You have as many vacations ahead as one may have: delete one first"


class VacationOverlaps(Conflict):
    code = "vacation_overlaps"
    title = "You are on vacation on some of these days already"


CONSTRAINTS = {"uq_performer_user_id": AlreadyPerformer}
