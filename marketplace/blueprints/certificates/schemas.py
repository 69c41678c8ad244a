"""Schemas of certificates."""

from enum import StrEnum

from marketplace.blueprints.certificates.policies import MAX_TITLE
from marketplace.outside.documents import MAX_BYTES as MAX_DOCUMENT_BYTES
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.pagination import PageQuery


class CertificateStatus(StrEnum):
    """What staff has decided on a certificate: nothing yet (`pending`), `approved`, or `rejected`; a revoked
    approval is `rejected` too.
    """

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class NewCertificate(Schema):
    """A certificate with its file."""

    file = fields.Upload(
        required=True,
        max_bytes=MAX_DOCUMENT_BYTES,
        description="The document: PDF, JPEG, PNG or WebP; a picture of at most 25 megapixels",
    )
    title = fields.Str(
        required=True, max=MAX_TITLE, description="What it certifies", example="Master craftsman"
    )
    issued_on = fields.Date(required=True, description="The day of issue, not in the future")
    expires_on = fields.Date(description="The last day on which it is valid; left out when it does not end")


class CertificateReason(Schema):
    """Why staff rejects a certificate or takes an approval back."""

    reason = fields.Text(
        required=True,
        min=1,
        max=1_000,
        description="Why; the performer reads it",
        example="The name on it is not yours",
    )


class CertificatesQuery(PageQuery):
    """The filters of staff's list of certificates."""

    status = fields.Enum(CertificateStatus, description="Only certificates with this status")
    performer_id = fields.Id(description="Only certificates of this performer")


_LINK = (
    "A path on this server that opens the file for 10 to 20 minutes; a decision of staff ends it. Read the"
    " certificate again for a fresh one"
)


class OwnCertificate(Schema):
    """A certificate as its performer sees it."""

    id = fields.Id(required=True, dump_only=True)
    title = fields.Str(required=True, dump_only=True, description="What it certifies")
    issued_on = fields.Date(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The day of issue; null when it came with the application, which does not tell it",
    )
    expires_on = fields.Date(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The last day on which it is valid; null when it does not end",
    )
    content_type = fields.Str(
        required=True,
        dump_only=True,
        description="The media type of the stored file: PDF, or WebP for pictures",
        example="application/pdf",
    )
    size = fields.Int(required=True, dump_only=True, description="The size of the stored file in bytes")
    status = fields.Enum(
        CertificateStatus, required=True, dump_only=True, description="What staff has decided"
    )
    reason = fields.Str(
        required=True,
        allow_none=True,
        dump_only=True,
        description="Why staff rejected or revoked it; else null",
    )
    valid = fields.Bool(
        required=True, dump_only=True, description="Whether it is approved and its last day is not over"
    )
    decided_at = fields.DateTime(
        required=True, allow_none=True, dump_only=True, description="When staff decided; null while pending"
    )
    created_at = fields.DateTime(required=True, dump_only=True)
    file_url = fields.Str(required=True, dump_only=True, description=_LINK)


class StaffCertificate(OwnCertificate):
    """A certificate as staff sees it."""

    performer_id = fields.Id(required=True, dump_only=True)
    user_id = fields.Id(required=True, dump_only=True, description="The id of the performer's user")
    sha256 = fields.Str(
        required=True,
        dump_only=True,
        description="The SHA-256 of the stored file in hex: equal ones are the same file",
    )
    decided_by = fields.Id(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The id of the member of staff who decided; null while pending",
    )


class PublicCertificate(Schema):
    """A certificate as everybody may see it."""

    id = fields.Id(required=True, dump_only=True)
    title = fields.Str(required=True, dump_only=True, description="What it certifies")
    issued_on = fields.Date(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The day of issue; null when the performer did not tell it",
    )
    expires_on = fields.Date(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The last day on which it is valid; null when it does not end",
    )
    file_url = fields.Str(required=True, dump_only=True, description=_LINK)
