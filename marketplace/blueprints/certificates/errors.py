"""Errors of certificates."""

from marketplace.kernel.errors import Conflict, Forbidden


class OwnCertificate(Forbidden):
    """A member of staff decides on a certificate of the own performer profile."""

    code = "own_certificate"
    title = "Staff do not decide on their own certificates"
    remedy = "Leave the decision to another member of staff."


class TooManyCertificates(Conflict):
    """The performer has as many certificates as one may have."""

    code = "too_many_certificates"
    title = "You have as many certificates as one may have: delete one first"
    remedy = "Delete a certificate that is expired or rejected, then send the new one."


class CertificateDecided(Conflict):
    """The certificate has a status, such as approved or rejected, from which this step does not lead."""

    code = "certificate_decided"
    title = "The certificate's status does not allow this step"
    remedy = "Read the certificate again: somebody has decided on it meanwhile."


class CertificateIsOver(Conflict):
    """The certificate is to be approved after its last day."""

    code = "certificate_expired"
    title = "The last day of this certificate is over; it can only be rejected"
    remedy = "Reject the certificate, and ask the performer for a newer one in the reason."


class CertificateNeeded(Conflict):
    """The performer is to be verified, and has no approved certificate that has not expired."""

    code = "certificate_needed"
    title = "The performer has no approved certificate that is still good"
    remedy = "Approve a certificate of the performer first."
