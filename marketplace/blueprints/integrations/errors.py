"""What can go wrong with files."""

from marketplace.kernel.errors import Invalid, TooManyRequests


class NotAPicture(Invalid):
    code = "not_a_picture"
    title = "Send a JPEG, PNG or WebP picture that is whole"


class PictureTooLarge(Invalid):
    code = "picture_too_large"
    title = "The picture may have at most 25 million pixels"


class TooManyAtOnce(TooManyRequests):
    code = "pictures_at_once"
    title = "Send your pictures one after the other"


class NotADocument(Invalid):
    code = "not_a_document"
    title = "Send a PDF, or a JPEG, PNG or WebP picture, that is whole"


class DocumentTooLarge(Invalid):
    code = "document_too_large"
    title = "The file may have at most 10,000,000 bytes"
