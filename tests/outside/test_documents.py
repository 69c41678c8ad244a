"""Documents that strangers send: known by their bytes, whatever they are called."""

import io
from typing import Any

import pytest
from PIL import Image

from marketplace.outside.documents import MAX_BYTES, SIDE, CheckedDocuments
from marketplace.outside.errors import DocumentTooLarge, NotADocument, PictureTooLarge
from marketplace.outside.pictures import PillowPictures
from marketplace.outside.ports import Document
from tests.outside.test_pictures import bomb, made

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


def take(content: bytes) -> Document:
    return CheckedDocuments(PillowPictures()).take(io.BytesIO(content))


def test_a_pdf_is_kept_as_it_is() -> None:
    assert take(PDF) == Document(PDF, "application/pdf", "pdf")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_encoded_anew(kind: str) -> None:
    found = take(made(kind, size=(3000, 1500)))
    assert (found.content_type, found.suffix) == ("image/webp", "webp")
    assert Image.open(io.BytesIO(found.content)).size == (SIDE, SIDE // 2)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-",
        PDF[:40],
        PDF[:-7],
        b"%PDF-x.y" + PDF,
        b" " + PDF,
        b"<html>" + PDF,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html><script>alert(1)</script></html>",
        b"PK\x03\x04" + b"\0" * 100,
        b"MZ" + b"\0" * 100,
        made("GIF"),
        made("TIFF"),
        made("PNG")[:60],
    ],
)
def test_what_is_refused(content: bytes) -> None:
    with pytest.raises(NotADocument):
        take(content)


def test_a_picture_that_is_a_pdf_too_is_a_picture() -> None:
    """A polyglot: only its pixels stay."""
    found = take(made("JPEG") + PDF)
    assert found.content_type == "image/webp"
    assert b"%PDF" not in found.content


def test_bombs() -> None:
    with pytest.raises(PictureTooLarge):
        take(bomb(13_000, 13_000))


def test_the_largest_file() -> None:
    class Long(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("read")

    fits = PDF + b" " * (MAX_BYTES - len(PDF) - 6) + b"%%EOF\n"
    assert len(fits) == MAX_BYTES
    assert len(take(fits).content) == MAX_BYTES
    with pytest.raises(DocumentTooLarge):
        CheckedDocuments(PillowPictures()).take(Long(fits + b"\n"))
