"""Documents that strangers send: pictures are encoded anew, PDFs are kept as they are."""

import re
from typing import BinaryIO

from marketplace.blueprints.integrations.errors import DocumentTooLarge, NotADocument, NotAPicture
from marketplace.blueprints.integrations.pictures import CONTENT_TYPE, Pictures
from marketplace.blueprints.integrations.ports import Document

PDF = "application/pdf"
MAX_BYTES = 10_000_000
SIDE = 2400
"""Pixels: a page of A4 at 200 dots per inch stays readable."""
_PDF_START = re.compile(rb"%PDF-[12]\.[0-9]")
_PDF_END = b"%%EOF"
_PDF_TAIL = 1024
"""Bytes at the end that may hold the mark of the end (PDF Reference 1.7, appendix H, note 18)."""


class Documents:
    """Tells by its bytes what was sent; the name and the type that it came with say nothing."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def look(self, source: BinaryIO) -> int:
        """How much work it is to take `source`, in pixels (see `Pictures.look`); a PDF is none.

        Raises NotADocument, DocumentTooLarge, PictureTooLarge.
        """
        if self._is_pdf(source):
            return 0
        try:
            return self._pictures.look(source)
        except NotAPicture:
            raise NotADocument from None

    def take(self, source: BinaryIO, owner: int | None = None) -> Document:
        """What is to be kept of `source`: a PDF as it is, a picture as a WebP. `owner` is who sent it.

        A PDF may hold scripts: keep it as a private file, which is served as an attachment only.
        Raises NotADocument, DocumentTooLarge, PictureTooLarge, TooManyAtOnce; Unavailable when too many
        pictures are under way.
        """
        if self._is_pdf(source):
            source.seek(0)
            return Document(source.read(), PDF, "pdf")
        try:
            return Document(self._pictures.encode(source, SIDE, owner), CONTENT_TYPE, "webp")
        except NotAPicture:
            raise NotADocument from None

    @staticmethod
    def _is_pdf(source: BinaryIO) -> bool:
        """By its beginning. Raises NotADocument for one without its end, DocumentTooLarge."""
        size = source.seek(0, 2)
        if size > MAX_BYTES:
            raise DocumentTooLarge
        source.seek(0)
        if not _PDF_START.match(source.read(8)):
            return False
        source.seek(max(0, size - _PDF_TAIL))
        if _PDF_END not in source.read():
            raise NotADocument
        return True
