"""What goes in and out of certificates."""

from enum import StrEnum

from marketplace.blueprints.integrations.public import MAX_DOCUMENT_BYTES
from marketplace.blueprints.performers.certificate_policies import MAX_TITLE
from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.schema import Schema


class CertificateStatus(StrEnum):
    """What staff think of a certificate."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class NewCertificate(Schema):
    file = fields.Upload(
        required=True,
        max_bytes=MAX_DOCUMENT_BYTES,
        metadata={"description": "PDF, JPEG, PNG or WebP; a picture of at most 25 megapixels"},
    )
    title = fields.Str(required=True, max=MAX_TITLE)
    issued_on = fields.Date(required=True, metadata={"description": "Not in the future"})
    expires_on = fields.Date(metadata={"description": "The last day on which it is good"})


class CertificateReason(Schema):
    reason = fields.Text(required=True, min=1, max=1_000, metadata={"description": "The performer reads it"})


class CertificatesQuery(PageQuery):
    status = fields.Enum(CertificateStatus)
    performer_id = fields.Id()


_LINK = {
    "description": "A path that opens the file for 10 to 20 minutes, until staff decide or it is deleted"
}


class OwnCertificate(Schema):
    id = fields.Id(required=True, dump_only=True)
    title = fields.Str(required=True, dump_only=True)
    issued_on = fields.Date(
        required=True, allow_none=True, dump_only=True, metadata={"description": "Null when it was not told"}
    )
    expires_on = fields.Date(required=True, allow_none=True, dump_only=True)
    content_type = fields.Str(required=True, dump_only=True)
    size = fields.Int(required=True, dump_only=True, metadata={"description": "In bytes"})
    status = fields.Enum(CertificateStatus, required=True, dump_only=True)
    reason = fields.Str(required=True, allow_none=True, dump_only=True)
    valid = fields.Bool(
        required=True, dump_only=True, metadata={"description": "Approved, and its last day is not over"}
    )
    decided_at = fields.DateTime(required=True, allow_none=True, dump_only=True)
    created_at = fields.DateTime(required=True, dump_only=True)
    file_url = fields.Str(required=True, dump_only=True, metadata=_LINK)


class StaffCertificate(OwnCertificate):
    performer_id = fields.Id(required=True, dump_only=True)
    user_id = fields.Id(required=True, dump_only=True)
    sha256 = fields.Str(required=True, dump_only=True, metadata={"description": "Of the stored file, in hex"})
    decided_by = fields.Id(required=True, allow_none=True, dump_only=True)


class PublicCertificate(Schema):
    id = fields.Id(required=True, dump_only=True)
    title = fields.Str(required=True, dump_only=True)
    issued_on = fields.Date(required=True, allow_none=True, dump_only=True)
    expires_on = fields.Date(required=True, allow_none=True, dump_only=True)
    file_url = fields.Str(required=True, dump_only=True, metadata=_LINK)
