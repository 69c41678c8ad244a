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

    def take(self, source: BinaryIO) -> Document:
        """What is to be kept of `source`: a PDF as it is, a picture as a WebP.

        A PDF may hold scripts: keep it as a private file, which is served as an attachment only.
        Raises NotADocument, DocumentTooLarge, PictureTooLarge; Unavailable when too many are under way.
        """
        if source.seek(0, 2) > MAX_BYTES:
            raise DocumentTooLarge
        source.seek(0)
        if _PDF_START.match(source.read(8)):
            source.seek(0)
            content = source.read()
            if _PDF_END not in content[-_PDF_TAIL:]:
                raise NotADocument
            return Document(content, PDF, "pdf")
        try:
            return Document(self._pictures.encode(source, SIDE), CONTENT_TYPE, "webp")
        except NotAPicture:
            raise NotADocument from None
