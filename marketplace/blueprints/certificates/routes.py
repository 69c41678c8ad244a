"""Routes of certificates: a performer's own, and the decisions of staff."""

from typing import Any

from marketplace.blueprints.certificates import schemas
from marketplace.blueprints.certificates.contracts import NewCertificate
from marketplace.blueprints.certificates.ports import CertificateFilter, CertificateView
from marketplace.blueprints.certificates.wiring import certificates
from marketplace.blueprints.performers.contracts import FullProfile
from marketplace.blueprints.performers.schemas import FullPerformer
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, performer, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent, idempotent_after
from marketplace.web.language import preferred_language
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint(
    "certificates",
    description="Proofs of what you can do. Staff checks each; one that is valid can make your profile"
    " verified.",
    rank=50,
    staff={
        "certificates": "Staff approves and rejects certificates, the oldest first.",
        "performers": "Staff lets performers in, verifies them, and takes them off the market.",
    },
)


def _prepared(data: dict[str, Any]) -> NewCertificate:
    return certificates().own.prepare(current_principal(), data, data["file"].stream)


def _discard(new: NewCertificate) -> None:
    certificates().own.discard(new)


@blp.post("/performers/me/certificates")
@performer
@limit("60/hour", key=caller_key)
@blp.problems(
    "too_many_certificates",
    "not_a_document",
    "document_too_large",
    "picture_too_large",
    "pictures_at_once",
    "pictures_spent",
    "storage_full",
)
@blp.arguments(schemas.NewCertificate, location="form")
@idempotent_after(_prepared, _discard)
@blp.response(201, schemas.OwnCertificate)
@tagged("certificate")
def add_certificate(new: NewCertificate) -> CertificateView:
    """Add a certificate

    You send a PDF or a picture; a picture is encoded anew, without the data that cameras add. It is
    `pending`, and your profile shows it when staff has approved it; you are notified of the decision. You
    have at most 20 certificates, whatever their status (`too_many_certificates`). Dates that cannot be are
    `validation_failed`.
    """
    return certificates().own.add(current_principal(), new)


@blp.get("/performers/me/certificates")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.OwnCertificate)
def list_own_certificates(query: dict[str, Any]) -> Page[CertificateView]:
    """List your certificates

    The newest come first, whatever staff decided on them.
    """
    page, _ = split_page(query)
    return certificates().own.list_own(current_principal(), page)


@blp.get("/performers/me/certificates/<int:certificate_id>")
@performer
@blp.response(200, schemas.OwnCertificate)
@tagged("certificate")
def get_own_certificate(certificate_id: int) -> CertificateView:
    """Get one of your certificates

    You get it with a fresh link to its file.
    """
    return certificates().own.get(current_principal(), certificate_id)


@blp.delete("/performers/me/certificates/<int:certificate_id>")
@performer
@blp.response(204)
def remove_certificate(certificate_id: int) -> None:
    """Delete a certificate

    The file is deleted too; this cannot be undone. When no other certificate of yours is valid, your
    profile is no longer verified.
    """
    certificates().own.remove(current_principal(), certificate_id)


@blp.get("/admin/certificates")
@staff
@blp.arguments(schemas.CertificatesQuery, location="query")
@blp.paged(schemas.StaffCertificate)
def list_certificates(query: dict[str, Any]) -> Page[CertificateView]:
    """List all certificates

    The oldest come first. The queue of staff is `?status=pending`.
    """
    page, filters = split_page(query)
    return certificates().decisions.list_all(page, CertificateFilter(**filters))


@blp.post("/admin/certificates/<int:certificate_id>/approve")
@staff
@idempotent
@blp.problems("own_certificate", "certificate_decided", "certificate_expired")
@blp.response(200, schemas.StaffCertificate)
@tagged("certificate")
def approve_certificate(certificate_id: int) -> CertificateView:
    """Approve a certificate

    A `pending` certificate becomes `approved`: the profile shows it, and the performer is notified. One
    whose last day is over can only be rejected (`certificate_expired`), and your own are left to others
    (`own_certificate`).
    """
    return certificates().decisions.approve(current_principal(), certificate_id)


@blp.post("/admin/certificates/<int:certificate_id>/reject")
@staff
@idempotent
@blp.problems("own_certificate", "certificate_decided")
@blp.arguments(schemas.CertificateReason)
@blp.response(200, schemas.StaffCertificate)
@tagged("certificate")
def reject_certificate(data: dict[str, Any], certificate_id: int) -> CertificateView:
    """Reject a certificate

    A `pending` certificate becomes `rejected`, and the performer is notified with your reason. Your own are
    left to others (`own_certificate`).
    """
    return certificates().decisions.reject(current_principal(), certificate_id, data["reason"])


@blp.post("/admin/certificates/<int:certificate_id>/revoke")
@staff
@idempotent
@blp.problems("own_certificate", "certificate_decided")
@blp.arguments(schemas.CertificateReason)
@blp.response(200, schemas.StaffCertificate)
@tagged("certificate")
def revoke_certificate(data: dict[str, Any], certificate_id: int) -> CertificateView:
    """Revoke the approval of a certificate

    An `approved` certificate becomes `rejected`: the profile shows it no longer, and the performer is
    notified with your reason. When no other certificate is valid, the performer is no longer verified. Your
    own are left to others (`own_certificate`).
    """
    return certificates().decisions.revoke(current_principal(), certificate_id, data["reason"])


@blp.post("/admin/performers/<int:performer_id>/verify")
@staff
@idempotent
@blp.problems("own_performer", "certificate_needed", "transition_not_allowed")
@blp.response(200, FullPerformer)
@tagged("performer")
def verify_performer(performer_id: int) -> FullProfile:
    """Verify a performer

    The profile gets its mark `verified`, and the performer is notified. It needs an approved certificate
    that is valid (`certificate_needed`), and goes by itself with the last of them. Your own profile is left
    to others (`own_performer`).
    """
    return certificates().proofs.verify(current_principal(), performer_id, preferred_language())
