"""The REST entry points of certificates: the own ones, and what staff decide."""

from typing import Any

from marketplace.blueprints.performers import certificate_schemas as schemas
from marketplace.blueprints.performers.blueprint import blp
from marketplace.blueprints.performers.certificate_ports import CertificateView, NewCertificate
from marketplace.blueprints.performers.ports import FullProfile
from marketplace.blueprints.performers.schemas import FullPerformer
from marketplace.blueprints.performers.wiring import performers
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, performer, staff
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent, idempotent_after
from marketplace.web.language import preferred_language
from marketplace.web.limits import caller_key, limit
from marketplace.web.pagination import PageQuery, split_page


def _prepared(data: dict[str, Any]) -> NewCertificate:
    return performers().certificates.own.prepare(current_principal(), data, data["file"].stream)


def _discard(new: NewCertificate) -> None:
    performers().certificates.own.discard(new)


@blp.post("/performers/me/certificates")
@performer
@limit("60/hour", key=caller_key)
@blp.problem(409, "`too_many_certificates`")
@blp.problem(422, "`validation_failed`, `not_a_document`, `picture_too_large`")
@blp.problem(429, "`too_many_requests`, `pictures_at_once`; `pictures_spent` until tomorrow")
@blp.problem(507, "`storage_full`")
@blp.arguments(schemas.NewCertificate, location="form")
@idempotent_after(_prepared, _discard)
@blp.response(201, schemas.OwnCertificate)
@tagged("certificate")
def add_certificate(new: NewCertificate) -> CertificateView:
    """Send a certificate; staff look at it before others see it"""
    return performers().certificates.own.add(current_principal(), new)


@blp.get("/performers/me/certificates")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.OwnCertificate)
def list_own_certificates(query: dict[str, Any]) -> Page[CertificateView]:
    """The own certificates, newest first"""
    page, _ = split_page(query)
    return performers().certificates.own.list_own(current_principal(), page)


@blp.get("/performers/me/certificates/<int:certificate_id>")
@performer
@blp.response(200, schemas.OwnCertificate)
@tagged("certificate")
def get_own_certificate(certificate_id: int) -> CertificateView:
    """A certificate of one's own"""
    return performers().certificates.own.get(current_principal(), certificate_id)


@blp.delete("/performers/me/certificates/<int:certificate_id>")
@performer
@blp.response(204)
def remove_certificate(certificate_id: int) -> None:
    """Delete a certificate with its file; without another valid one the profile is verified no more"""
    performers().certificates.own.remove(current_principal(), certificate_id)


@blp.get("/admin/certificates")
@staff
@blp.arguments(schemas.CertificatesQuery, location="query")
@blp.paged(schemas.StaffCertificate)
def list_certificates(query: dict[str, Any]) -> Page[CertificateView]:
    """All certificates, oldest first; the queue is `?status=pending`"""
    page, filters = split_page(query)
    return performers().certificates.decisions.list_all(page, filters)


@blp.post("/admin/certificates/<int:certificate_id>/approve")
@staff
@idempotent
@blp.problem(409, "`certificate_decided`: somebody was faster; `certificate_expired`")
@blp.response(200, schemas.StaffCertificate)
@tagged("certificate")
def approve_certificate(certificate_id: int) -> CertificateView:
    """Approve a certificate: everybody may see it"""
    return performers().certificates.decisions.approve(current_principal(), certificate_id)


@blp.post("/admin/certificates/<int:certificate_id>/reject")
@staff
@idempotent
@blp.problem(409, "`certificate_decided`: somebody was faster")
@blp.arguments(schemas.CertificateReason)
@blp.response(200, schemas.StaffCertificate)
@tagged("certificate")
def reject_certificate(data: dict[str, Any], certificate_id: int) -> CertificateView:
    """Refuse a certificate that waits"""
    return performers().certificates.decisions.reject(current_principal(), certificate_id, data["reason"])


@blp.post("/admin/certificates/<int:certificate_id>/revoke")
@staff
@idempotent
@blp.problem(409, "`certificate_decided`: it is not approved, or not any more")
@blp.arguments(schemas.CertificateReason)
@blp.response(200, schemas.StaffCertificate)
@tagged("certificate")
def revoke_certificate(data: dict[str, Any], certificate_id: int) -> CertificateView:
    """Take an approval back: the certificate is rejected, and verifies nobody any more"""
    return performers().certificates.decisions.revoke(current_principal(), certificate_id, data["reason"])


@blp.post("/admin/performers/<int:performer_id>/verify")
@staff
@idempotent
@blp.problem(409, "`certificate_needed`: an approved one that is still good; `transition_not_allowed`")
@blp.response(200, FullPerformer)
@tagged("performer")
def verify_performer(performer_id: int) -> FullProfile:
    """Vouch for a performer, until the last valid certificate is gone"""
    return performers().certificates.decisions.verify(current_principal(), performer_id, preferred_language())
