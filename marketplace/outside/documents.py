"""Documents from strangers: pictures are re-encoded, PDFs are kept unchanged."""

import re
from typing import BinaryIO

from marketplace.outside.errors import DocumentTooLarge, NotADocument, NotAPicture
from marketplace.outside.pictures import CONTENT_TYPE
from marketplace.outside.ports import Document, Documents, Pictures

PDF = "application/pdf"
MAX_BYTES = 10_000_000
SIDE = 2400
"""Pixels: a page of A4 at 200 dots per inch stays readable."""
_PDF_START = re.compile(rb"%PDF-[12]\.[0-9]")
_PDF_END = b"%%EOF"
_PDF_TAIL = 1024
"""Bytes at the end that may hold the end-of-file marker (PDF Reference 1.7, appendix H, note 18)."""


class CheckedDocuments(Documents):
    """Keeps PDFs unchanged, and re-encodes pictures."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def look(self, source: BinaryIO) -> int:
        if self._is_pdf(source):
            return 0
        try:
            return self._pictures.look(source)
        except NotAPicture:
            raise NotADocument from None

    def take(self, source: BinaryIO, owner: int | None = None) -> Document:
        if self._is_pdf(source):
            source.seek(0)
            return Document(source.read(), PDF, "pdf")
        try:
            return Document(self._pictures.encode(source, SIDE, owner), CONTENT_TYPE, "webp")
        except NotAPicture:
            raise NotADocument from None

    @staticmethod
    def _is_pdf(source: BinaryIO) -> bool:
        """Whether it begins as a PDF. Raises NotADocument for a PDF without its end, DocumentTooLarge."""
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
